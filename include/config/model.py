"""The base of every configuration model: frozen, typed, refusing unknown keys."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from include.core.errors import ConfigurationError


class Config(BaseModel):
    """Base of configuration models."""

    model_config = ConfigDict(frozen=True, extra="forbid")


ConfigT = TypeVar("ConfigT", bound=Config)


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
