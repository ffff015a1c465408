"""How these kernels are compiled: dividing as NumPy does, free of the interpreter, so that threads run side by side.

A division that may raise cannot be vectorised. A division by zero gives infinity or NaN, which the callers find.
"""

from pathlib import Path

from include.environments.kernels import jit as environments
from include.features.kernels import jit

FOLDERS = (Path(__file__).parent, Path(environments.__file__).parents[1], Path(jit.__file__).parent)
kernel = jit.compiler(*FOLDERS, error_model="numpy", nogil=True)
