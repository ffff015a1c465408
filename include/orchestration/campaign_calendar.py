"""The campaign by the clock: what happens when, and who answers for it; its days, and the revalidation day's steps."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from croniter import croniter

from include.config.campaign import Campaign, Schedule
from include.core.clock import format_utc
from include.core.slots import CHECK_TITLES

_DAY = timedelta(days=1)
# these follow each other all day and would bury everything else
_ROUTINE = ("market_data", "maintenance", "deliver_alerts")


class Appointment(NamedTuple):
    """Something of the campaign at its instant, UTC, and the owner (a key of `owners`) who answers for it."""

    at: datetime
    what: str
    owner: str


def firings(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    """Return when a schedule of `campaign.yaml` fires from `start` to `end`, both included; never, where it is null."""
    if schedule is None:
        return []
    if isinstance(schedule, str):
        # one that falls on the start counts
        upcoming = croniter(schedule, start - timedelta(seconds=1))
        found: list[datetime] = []
        while (instant := upcoming.get_next(datetime)) <= end:
            found.append(instant)
        return found
    return [event for event in _events(schedule) if start <= event <= end]


def last_firing(schedule: Schedule, instant: datetime) -> datetime | None:
    """Return when a schedule fired last at or before `instant`, None where it never did."""
    if schedule is None:
        return None
    if isinstance(schedule, str):
        found: datetime = croniter(schedule, instant + timedelta(seconds=1)).get_prev(datetime)
        return found
    return max((event for event in _events(schedule) if event <= instant), default=None)


def calendar(campaign: Campaign) -> list[Appointment]:
    """Return everything that the campaign plans between its start and its end, in order of time."""
    planned = [
        Appointment(campaign.start, "Campaign begins: pre-training checklist, then train_ppo", "ml"),
        Appointment(campaign.deadline, "Deadline of the pre-training set-up", "ml"),
        Appointment(campaign.end, "Campaign ends", "cto"),
        *_scheduled(campaign),
    ]
    return sorted(planned)


def rows(campaign: Campaign) -> list[dict[str, str]]:
    """Return the calendar as a table for people."""
    return [
        {"When": format_utc(entry.at), "What": entry.what, "Responsible": campaign.owners[entry.owner]}
        for entry in calendar(campaign)
    ]


def days(campaign: Campaign) -> list[date]:
    """Return the days of the campaign."""
    first, last = campaign.start.date(), campaign.end.date()
    return [first + _DAY * number for number in range((last - first).days + 1)]


def _scheduled(campaign: Campaign) -> Iterator[Appointment]:
    for dag_id, schedule in campaign.schedules.items():
        if dag_id in _ROUTINE:
            continue
        for at in firings(schedule, campaign.start, campaign.end):
            yield Appointment(at, _words(campaign, dag_id, at), "ml")
            if dag_id == "revalidate_model":
                yield from _revalidation_day(campaign, at)


def _revalidation_day(campaign: Campaign, at: datetime) -> Iterator[Appointment]:
    steps = campaign.revalidation
    yield Appointment(_on_the_day(at, steps.pre_check_at), "Pre-revalidation checklist", "ml")
    yield Appointment(_on_the_day(at, steps.report_due), "Decision report due", "ml")
    yield Appointment(_on_the_day(at, steps.review_at), "Review with the SWE lead", "swe")
    yield Appointment(_on_the_day(at, steps.escalation_at), "Escalation, where nobody has answered", "cto")


def _words(campaign: Campaign, dag_id: str, at: datetime) -> str:
    if dag_id == "training_checks":
        return CHECK_TITLES[campaign.check_at(at)]
    return {"train_ppo": "Scheduled training", "revalidate_model": "Revalidation"}[dag_id]


def _events(schedule: tuple[datetime, ...]) -> list[datetime]:
    return sorted(event.replace(tzinfo=UTC) if event.tzinfo is None else event.astimezone(UTC) for event in schedule)


def _on_the_day(at: datetime, clock: str) -> datetime:
    return datetime.combine(at.date(), time.fromisoformat(clock), UTC)
