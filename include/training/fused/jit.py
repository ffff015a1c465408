"""How the kernels of this engine are compiled: as `include.features.kernels.jit.kernel`, with two differences.

They divide as NumPy does: a division that may raise cannot be vectorised. A division by zero gives infinity or NaN,
which the guards find. And their machine code on disk is as old as the newest source of this folder.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
_SOURCES = hashlib.sha256(
    b"".join(source.read_bytes() for source in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()


def kernel(function: Kernel) -> Kernel:
    """Compile `function` at its first call and keep its signature for type checkers."""
    compiled: Any = njit(cache=True, error_model="numpy")(function)
    # Numba dates machine code by the function's own file alone, but it contains that of the kernels it calls
    compiled._cache._cache_file._source_stamp = _SOURCES  # noqa: SLF001
    kept: Kernel = compiled
    return kept
