"""How the kernels of this engine are compiled: dividing as NumPy does.

A division that may raise cannot be vectorised. A division by zero gives infinity or NaN, which the guards find.
"""

from pathlib import Path

from include.evaluation.kernels import jit as evaluation
from include.features.kernels.jit import compiler

kernel = compiler(Path(__file__).parent, Path(evaluation.__file__).parent, error_model="numpy")
