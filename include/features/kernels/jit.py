"""The one way kernels are compiled: strict IEEE arithmetic, machine code cached on disk."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def kernel(function: Kernel) -> Kernel:
    """Compile `function` at its first call and keep its signature for type checkers.

    No fastmath: reordered sums would differ between a series and its truncation.
    """
    compiled: Kernel = njit(cache=True)(function)
    return compiled
