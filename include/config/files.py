"""Where the shipped configuration lies and how a YAML file is read.

DAG files use this while they are parsed: nothing here may import pydantic or the models (`model.py`).
"""

from pathlib import Path
from typing import Any

import yaml

from include.core.errors import ConfigurationError

CAMPAIGN = Path(__file__).parent / "campaign.yaml"
SYSTEMS = Path(__file__).parent / "systems"
PRESETS = Path(__file__).parent / "presets.yaml"


def system_names() -> list[str]:
    """Return the names of the systems that have a YAML file."""
    return sorted(path.stem for path in SYSTEMS.glob("*.yaml"))


def preset_names(system: str | None = None) -> list[str]:
    """Return the presets of a system: its own, then those that suit every system; those of all systems when None."""
    if system is not None:
        return list(system_document(system)["presets"])
    return sorted({preset for name in system_names() for preset in preset_names(name)})


def system_document(name: str) -> dict[str, Any]:
    """Return the YAML document of system `name`, with the presets that suit every system."""
    document: dict[str, Any] = read_yaml(SYSTEMS / f"{name}.yaml")
    own, shared = document["presets"], read_yaml(PRESETS)
    return document | {"presets": own | {key: value for key, value in shared.items() if key not in own}}


def read_yaml(source: Path) -> Any:
    """Return the document in `source`."""
    try:
        # libyaml: twenty times faster than the loader in Python
        return yaml.load(source.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        raise ConfigurationError(f"`{source}` does not exist. Hint: check the path for typing errors.") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"`{source}` must be a YAML document: {error}") from error
