"""The operating campaign: schedules, check slots, revalidation day, owners."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from include.config.files import CAMPAIGN, read_yaml
from include.config.model import Config, parse
from include.core.slots import CheckSlot, RevalidationSlot

ScheduledDag = Literal[
    "market_data", "train_ppo", "training_checks", "revalidate_model", "maintenance", "deliver_alerts"
]
Events = Annotated[tuple[datetime, ...], Field(min_length=1)]
Schedule = str | Events | None
Hour = Annotated[int, Field(ge=0, le=23)]
TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class RevalidationDay(Config):
    """Times of the day on which `revalidate_model` fires, in order, and the approval window."""

    pre_check_at: TimeOfDay
    report_due: TimeOfDay
    review_at: TimeOfDay
    escalation_at: TimeOfDay
    approval_hours: float = Field(gt=0)

    @property
    def steps(self) -> dict[RevalidationSlot, str]:
        """When each step of the day is due, HH:MM, in order of time."""
        return {
            "pre-revalidation": self.pre_check_at,
            "decision-report": self.report_due,
            "review": self.review_at,
            "escalation": self.escalation_at,
        }

    @model_validator(mode="after")
    def _comes_in_order(self) -> Self:
        times = list(self.steps.values())
        if times != sorted(set(times)):
            raise ValueError(
                f"`pre_check_at`, `report_due`, `review_at` and `escalation_at` must follow each other, were "
                f"{', '.join(times)}"
            )
        return self


class Campaign(Config):
    """What runs when, who owns it, whom to call."""

    name: str
    start: datetime
    end: datetime
    deadline: datetime
    schedules: dict[ScheduledDag, Schedule]
    check_slots: dict[Hour | TimeOfDay, CheckSlot] = Field(min_length=1)
    revalidation: RevalidationDay
    owners: dict[str, str]
    support: dict[str, str]

    @property
    def check_times(self) -> dict[str, CheckSlot]:
        """Checks of the day by their time, HH:MM, in order."""
        times = {f"{key:02d}:00" if isinstance(key, int) else key: slot for key, slot in self.check_slots.items()}
        return dict(sorted(times.items()))

    def check_at(self, instant: datetime) -> CheckSlot:
        """Return the check of the day that `instant` belongs to: the newest one that began at or before it."""
        clock = instant.astimezone(UTC).strftime("%H:%M")
        begun = [at for at in self.check_times if at <= clock]
        return self.check_times[begun[-1] if begun else max(self.check_times)]


def load_campaign(source: Path | None = None) -> Campaign:
    """Return the campaign in `source`, or the shipped one."""
    path = source or CAMPAIGN
    return parse(Campaign, read_yaml(path), str(path))
