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
        raise ConfigurationError(f"{source}: {'; '.join(map(_rule, error.errors()))}.") from error


def _rule(error: Any) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        # a rule over several keys names them itself
        return message
    return f"`{'.'.join(map(str, error['loc']))}` {message[0].lower()}{message[1:]}, was {error['input']!r}"
