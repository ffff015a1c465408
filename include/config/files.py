"""Where the shipped configuration lies and how a YAML file is read.

DAG files use this while they are parsed: nothing here may import pydantic or the models (`model.py`).
"""

from pathlib import Path
from typing import Any

import yaml

from include.core.errors import ConfigurationError

CAMPAIGN = Path(__file__).parent / "campaign.yaml"
SYSTEMS = Path(__file__).parent / "systems"


def system_names() -> list[str]:
    """Return the names of the systems that have a YAML file."""
    return sorted(path.stem for path in SYSTEMS.glob("*.yaml"))


def preset_names() -> list[str]:
    """Return the names of the presets of all systems."""
    return sorted({preset for name in system_names() for preset in read_yaml(SYSTEMS / f"{name}.yaml")["presets"]})


def read_yaml(source: Path) -> Any:
    """Return the document in `source`."""
    try:
        # libyaml: twenty times faster than the loader in Python
        return yaml.load(source.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        raise ConfigurationError(f"`{source}` does not exist. Hint: check the path for typing errors.") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"`{source}` must be a YAML document: {error}") from error
