"""Kernels handed to kernels: as typed pointers, so that what calls them is compiled once and found on disk again.

A dispatcher given as an argument has a type of its own in every process, and nothing that takes it is ever found again.
"""

from collections.abc import Callable, Sequence
from typing import Any

from numba import typeof, types
from numba.core.types.function_type import CompileResultWAP


def pointer(function: Callable[..., Any], result: types.Type, arguments: Sequence[Any]) -> Any:
    """Return the kernel `function`, compiled for the types of `arguments`, for use as an argument of a kernel."""
    return CompileResultWAP(function.get_compile_result(result(*map(typeof, arguments))))  # type: ignore[attr-defined]
