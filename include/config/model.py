"""The base of every configuration model: frozen, typed, refusing unknown keys."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from include.core.errors import ConfigurationError


class Config(BaseModel):
    """Base of configuration models."""

    model_config = ConfigDict(frozen=True, extra="forbid")


ConfigT = TypeVar("ConfigT", bound=Config)


def read_yaml(source: Path) -> Any:
    """Return the document in `source`."""
    try:
        return yaml.safe_load(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"`{source}` does not exist. Hint: check the path for typing errors.") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"`{source}` must be a YAML document: {error}") from error


def parse(model: type[ConfigT], document: Any, source: str) -> ConfigT:
    """Return `document` as `model`, every broken rule named with its key and value."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        rules = "; ".join(
            f"`{'.'.join(map(str, e['loc']))}` {_rule(e['msg'])}, was {e['input']!r}" for e in error.errors()
        )
        raise ConfigurationError(f"{source}: {rules}.") from error


def _rule(message: str) -> str:
    return message[0].lower() + message[1:]
