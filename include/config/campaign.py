"""The operating campaign: schedules, check slots, revalidation day, owners."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from include.config.files import CAMPAIGN, read_yaml
from include.config.model import Config, parse
from include.core.slots import CheckSlot

ScheduledDag = Literal[
    "market_data", "train_ppo", "training_checks", "revalidate_model", "maintenance", "deliver_alerts"
]
Events = Annotated[tuple[datetime, ...], Field(min_length=1)]
Schedule = str | Events | None
Hour = Annotated[int, Field(ge=0, le=23)]
TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class RevalidationDay(Config):
    """Times of day and the approval window."""

    report_due: TimeOfDay
    review_at: TimeOfDay
    escalation_at: TimeOfDay
    approval_hours: float = Field(gt=0)


class Campaign(Config):
    """What runs when, who owns it, whom to call."""

    name: str
    start: datetime
    end: datetime
    deadline: datetime
    schedules: dict[ScheduledDag, Schedule]
    check_slots: dict[Hour, CheckSlot] = Field(min_length=1)
    revalidation: RevalidationDay
    owners: dict[str, str]
    support: dict[str, str]


def load_campaign(source: Path | None = None) -> Campaign:
    """Return the campaign in `source`, or the shipped one."""
    path = source or CAMPAIGN
    return parse(Campaign, read_yaml(path), str(path))
