"""The trailing median of a series, kept sorted as it goes: what the stress level compares volatility with."""

import math

import numpy as np
from numpy.typing import NDArray

from include.environments.kernels.jit import kernel


@kernel
def trailing_median(x: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Return the median of the last `n` values of `x` (rows,), without NaN, as (rows,); NaN before row n − 1."""
    medians = np.full(len(x), math.nan)
    window = np.empty(n)
    for row in range(len(x)):
        held = min(row, n)
        place = _place(window, held, x[row - n]) if row >= n else held
        _shift_in(window, place, min(held, n - 1), x[row])
        if row >= n - 1:
            medians[row] = 0.5 * (window[(n - 1) // 2] + window[n // 2])
    return medians


@kernel
def _place(window: NDArray[np.float64], held: int, value: float) -> int:
    low, high = 0, held
    while low < high:
        middle = (low + high) // 2
        if window[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _shift_in(window: NDArray[np.float64], place: int, last: int, value: float) -> None:
    # `place` is free: its neighbours move into it until the value fits
    while place > 0 and window[place - 1] > value:
        window[place] = window[place - 1]
        place -= 1
    while place < last and window[place + 1] < value:
        window[place] = window[place + 1]
        place += 1
    window[place] = value
