"""Arrays that begin where the machine's widest vectors do: a load across two cache lines costs half of the speed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from include.evaluation.kernels.jit import kernel

_LINE = 64


def zeros(shape: int | Sequence[int], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Return zeros of `shape` whose first byte lies at a multiple of 64."""
    kind = np.dtype(dtype)
    size = int(np.prod(shape)) * kind.itemsize
    raw = np.zeros(size + _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + size].view(kind).reshape(shape)


@kernel
def copy(source: NDArray[Any], target: NDArray[Any]) -> None:
    """Write the values of a flat array to another; a plain loop, because slice assignment takes seconds to compile."""
    for i in range(len(source)):
        target[i] = source[i]
