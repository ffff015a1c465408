"""How long the home keeps what nobody needs any more, in days of the wall clock."""

from pathlib import Path

from pydantic import Field

from include.config.files import read_yaml
from include.config.model import Config, parse

RETENTION = Path(__file__).parent / "retention.yaml"


class Retention(Config):
    """Days after which each kind is removed; what a champion, or an earlier one, was made of stays for good.

    Attributes
    ----------
    checkpoints
        All checkpoints but the newest of a run that ended.
    fold_homes
        Runs and results of a cross-validation's folds; its report stays.
    revalidations, cross_validations, checks
        Reports.
    claims
        Notes on who asked for a training or an approval.
    messages
        What was sent to Slack, in the outbox.
    """

    checkpoints: float = Field(gt=0)
    fold_homes: float = Field(gt=0)
    revalidations: float = Field(gt=0)
    cross_validations: float = Field(gt=0)
    checks: float = Field(gt=0)
    claims: float = Field(gt=0)
    messages: float = Field(gt=0)


def load_retention(source: Path = RETENTION) -> Retention:
    """Return the retention in `source`, the shipped one by default."""
    return parse(Retention, read_yaml(source), str(source))
