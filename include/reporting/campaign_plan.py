"""What the campaign plans next: the coming times of its schedules, its checks and its revalidation day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from include.config.campaign import Campaign, Schedule, ScheduledDag
from include.config.firings import firings
from include.core.slots import CHECK_TITLES, REVALIDATION_TITLES

HORIZON = timedelta(days=14)
_DAY = timedelta(days=1)
_CHECKS: ScheduledDag = "training_checks"
_REVALIDATION: ScheduledDag = "revalidate_model"
# of what only repeats itself the next time says enough
_ROUTINE: dict[ScheduledDag, str] = {
    "market_data": "Market data",
    "train_ppo": "Scheduled training",
    "maintenance": "Maintenance",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One planned time: what happens then, and the DAG that does it, None for a mark of the campaign."""

    at: datetime
    what: str
    dag_id: str | None = None


def next_events(campaign: Campaign, now: datetime, most: int = 10) -> list[Event]:
    """Return the coming `most` events within two weeks of `now`, each at its next time, soonest first; UTC."""
    events = [*_marks(campaign), *_routine(campaign, now), *_checks(campaign, now), *_revalidations(campaign, now)]
    coming = sorted((event for event in events if now < event.at <= now + HORIZON), key=lambda event: event.at)
    # the checks of the days after would crowd out the revalidation
    first = {event.what: event for event in reversed(coming)}
    return sorted(first.values(), key=lambda event: (event.at, event.what))[:most]


def planned_checks(campaign: Campaign, day: datetime) -> list[tuple[datetime, str]]:
    """Return the checks planned for the UTC day of `day`: time and slot, in order."""
    midnight = day.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    times = firings(campaign.schedules.get(_CHECKS), midnight, midnight + _DAY - timedelta(seconds=1))
    return [(at, campaign.check_at(at)) for at in times]


def _marks(campaign: Campaign) -> list[Event]:
    return [
        Event(campaign.start, f"Campaign {campaign.name} begins"),
        Event(campaign.deadline, "Deadline of the pre-training set-up"),
        Event(campaign.end, f"Campaign {campaign.name} ends"),
    ]


def _routine(campaign: Campaign, now: datetime) -> Iterator[Event]:
    for dag_id, what in _ROUTINE.items():
        coming = _next(campaign.schedules.get(dag_id), now)
        if coming is not None:
            yield Event(coming, what, dag_id)


def _checks(campaign: Campaign, now: datetime) -> Iterator[Event]:
    # a schedule of every minute must not be counted through for two weeks
    for number in range(3):
        for at, slot in planned_checks(campaign, now + number * _DAY):
            yield Event(at, CHECK_TITLES[slot], _CHECKS)


def _revalidations(campaign: Campaign, now: datetime) -> Iterator[Event]:
    # one of today may have begun already, and its report is still to come
    for at in firings(campaign.schedules.get(_REVALIDATION), now - _DAY, now + HORIZON):
        yield Event(at, "Revalidation", _REVALIDATION)
        for slot, text in campaign.revalidation.steps.items():
            yield Event(
                datetime.combine(at.date(), time.fromisoformat(text), UTC),
                REVALIDATION_TITLES[slot],
                "revalidation_day",
            )


def _next(schedule: Schedule, now: datetime) -> datetime | None:
    first = now + timedelta(seconds=1)
    found = firings(schedule, first, now + _DAY) or firings(schedule, first, now + HORIZON)
    return found[0] if found else None
