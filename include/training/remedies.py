"""Causes and remedies of the training alerts, as the operating documents name them (`remedies.yaml`)."""

from functools import cache
from pathlib import Path

from include.config.files import read_yaml
from include.config.model import Config
from include.core.errors import InvalidInputError

SOURCE = Path(__file__).parent / "remedies.yaml"


class Remedy(Config):
    """Title, possible causes and actions of one alert, most likely first."""

    title: str
    causes: tuple[str, ...]
    actions: tuple[str, ...]

    @property
    def text(self) -> str:
        """Causes and actions in one line."""
        return f"Possible causes: {'; '.join(self.causes)}. Actions: {'; '.join(self.actions)}."


@cache
def remedies() -> dict[str, Remedy]:
    """Return the remedy of every training alert by the name of its check."""
    return {name: Remedy.model_validate(document) for name, document in read_yaml(SOURCE).items()}


def remedy(name: str) -> Remedy:
    """Return the remedy of the alert `name`."""
    try:
        return remedies()[name]
    except KeyError:
        raise InvalidInputError(f"`name` must be one of {', '.join(remedies())}, was {name!r}.") from None
