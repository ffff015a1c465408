"""How the kernels of the environments are compiled: anew after any change in this package or in what it calls."""

from pathlib import Path

from include.features.kernels import jit

kernel = jit.compiler(Path(__file__).parents[1], Path(jit.__file__).parent)
inlined = jit.compiler(Path(__file__).parents[1], Path(jit.__file__).parent, inline="always")
