"""Whether arrays can be used as they come: one look at each value, and no memory."""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel

Array = NDArray[np.float64]
Times = NDArray[np.int64]


@kernel
def is_in_order(known_at: Times, events: Times, values: Array) -> bool:
    """Return whether rows ascend by `known_at` and then by `events`, and every value is a number."""
    for i in range(values.size):
        if np.isnan(values[i]):
            return False
        if i and (known_at[i] < known_at[i - 1] or (known_at[i] == known_at[i - 1] and events[i] < events[i - 1])):
            return False
    return True


@kernel
def first_unsound(values: Array, lowest: float) -> int:
    """Return the first row whose value is not finite or below `lowest`, the number of rows where there is none."""
    for i in range(values.size):
        if not lowest <= values[i] < np.inf:
            return i
    return values.size
