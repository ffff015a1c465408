"""The trading environments. Callers take `make_env` and `make_vec_env` from here, everything else from its module."""

from importlib import import_module
from typing import Any

# looked up when asked for: `make_vec_env` needs stable-baselines3, which only `training` may import
_PUBLIC = {"make_env": "include.environments.make", "make_vec_env": "include.training.vec_env"}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
