"""The one way kernels are compiled: strict IEEE arithmetic, machine code cached on disk and as old as its sources."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiler(*folders: Path, **options: Any) -> Callable[[Kernel], Kernel]:
    """Return a decorator that compiles a function at its first call and keeps its signature for type checkers.

    Parameters
    ----------
    *folders : Path
        Where the kernels lie, and those that they call. Numba dates machine code by the function's own file alone,
        but the code contains that of every kernel it calls: a change in any file of these folders compiles it anew.
    **options
        Options of `numba.njit`.
    """
    files = sorted(file for folder in folders for file in folder.rglob("*.py"))
    sources = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

    def kernel(function: Kernel) -> Kernel:
        compiled: Any = njit(cache=True, **options)(function)
        compiled._cache._cache_file._source_stamp = sources  # noqa: SLF001 - numba has no public name for it
        kept: Kernel = compiled
        return kept

    return kernel


# no fastmath: reordered sums would differ between a series and its truncation
kernel = compiler(Path(__file__).parent)
