"""The operating campaign: schedules, check slots, revalidation day, owners."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from include.config.model import Config, parse, read_yaml

DEFAULT = Path(__file__).parent / "campaign.yaml"

CheckSlot = Literal["standup", "convergence", "snapshot", "checkpoints"]
Schedule = str | tuple[datetime, ...] | None


class RevalidationDay(Config):
    """Times of day and the approval window."""

    report_due: str
    review_at: str
    escalation_at: str
    approval_hours: float


class Campaign(Config):
    """What runs when, who owns it, whom to call."""

    name: str
    start: datetime
    end: datetime
    deadline: datetime
    schedules: dict[str, Schedule]
    check_slots: dict[int, CheckSlot]
    revalidation: RevalidationDay
    owners: dict[str, str]
    support: dict[str, str]


def load_campaign(source: Path | None = None) -> Campaign:
    """Return the campaign in `source`, or the shipped one."""
    path = source or DEFAULT
    return parse(Campaign, read_yaml(path), str(path))
