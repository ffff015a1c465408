"""Causes and remedies of the training alerts, as the operating documents name them (`remedies.yaml`)."""

from functools import cache
from pathlib import Path

from include.config.files import read_yaml
from include.config.model import Config
from include.config.system import AlertConfig
from include.core.errors import InvalidInputError

SOURCE = Path(__file__).parent / "remedies.yaml"
RUNBOOK = "docs/runbook.md"


class Remedy(Config):
    """Title of one alert, when it rings, causes and actions, most likely first, and presets that carry them out.

    `rule` has the names of alert limits in braces.
    """

    name: str
    title: str
    rule: str
    causes: tuple[str, ...]
    actions: tuple[str, ...]
    presets: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Causes, actions and where to read more, in one line."""
        causes, actions = "; ".join(self.causes), "; ".join(self.actions)
        return f"Possible causes: {causes}. Actions: {actions}. Runbook: {RUNBOOK}#{self.name}."


@cache
def remedies() -> dict[str, Remedy]:
    """Return the remedy of every training alert by the name of its check."""
    return {name: Remedy.model_validate({"name": name} | document) for name, document in read_yaml(SOURCE).items()}


def remedy(name: str) -> Remedy:
    """Return the remedy of the alert `name`."""
    try:
        return remedies()[name]
    except KeyError:
        raise InvalidInputError(f"`name` must be one of {', '.join(remedies())}, was {name!r}.") from None


def runbook(limits: AlertConfig) -> str:
    """Return the runbook's section on every training alert as Markdown, with the limits of one system."""
    return "\n".join(_section(entry, limits) for entry in remedies().values())


def _section(entry: Remedy, limits: AlertConfig) -> str:
    lines = [f"### {entry.name}", "", f"{entry.title}. Rings when {entry.rule.format(**limits.model_dump())}.", ""]
    lines += [f"- Cause: {cause}" for cause in entry.causes]
    lines += [f"{place}. {action}" for place, action in enumerate(entry.actions, start=1)]
    if entry.presets:
        lines += ["", f"Presets: {', '.join(f'`{preset}`' for preset in entry.presets)}"]
    return "\n".join([*lines, ""])
