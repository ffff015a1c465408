"""A system's settings as one environment plays them: preset, overrides, and what is drawn at random."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from include.config.system import SystemConfig, load_system, with_settings
from include.core.errors import InvalidInputError
from include.core.seeding import derive_seed


def configured(
    system: str | SystemConfig, preset: str | None = None, overrides: Mapping[str, Any] | None = None
) -> SystemConfig:
    """Return the settings of `system` with its `preset` and then `overrides` applied.

    Parameters
    ----------
    system : str or SystemConfig
        Name of a system, or its configuration.
    preset : str or None
        One of the presets of the named system.
    overrides : mapping or None
        Settings of the account or of the reward by their bare name, or `lookback`.

    Raises
    ------
    InvalidInputError
        A name that is no such setting, or a preset beside a configuration.
    """
    if preset is not None and not isinstance(system, str):
        raise InvalidInputError(
            f"`preset` must be None with a configuration, was {preset!r}. Hint: load_system applies presets."
        )
    config = load_system(system, preset) if isinstance(system, str) else system
    if not overrides:
        return config
    return with_settings(config, {_dotted(config, name): value for name, value in overrides.items()})


def sampled(system: SystemConfig, seed: int | None) -> SystemConfig:
    """Return `system` with each setting under `sampling` drawn evenly from its range; None is not reproducible."""
    rng = np.random.default_rng(None if seed is None else derive_seed(seed, "configuration"))
    drawn = {name: float(rng.uniform(bounds.low, bounds.high)) for name, bounds in system.sampling.items()}
    return with_settings(system, drawn)


def _dotted(config: SystemConfig, name: str) -> str:
    sections = {"account": config.account, "reward": config.reward}
    for section, settings in sections.items():
        if name in type(settings).model_fields:
            return f"{section}.{name}"
    if name == "lookback":
        return name
    known = [*type(config.account).model_fields, *type(config.reward).model_fields, "lookback"]
    raise InvalidInputError(f"An override must be one of {', '.join(known)}, was `{name}`.")
