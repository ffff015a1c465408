"""What the campaign plans next: the coming times of its schedules, its checks and its revalidation day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice

from croniter import croniter

from include.config.campaign import Campaign, RevalidationDay, Schedule, ScheduledDag

HORIZON = timedelta(days=14)
_CHECKS: ScheduledDag = "training_checks"
_REVALIDATION: ScheduledDag = "revalidate_model"
_MOST_PER_SCHEDULE = 50


@dataclass(frozen=True, slots=True)
class Event:
    """One planned time: what happens then, and the DAG that does it, None for what people do."""

    at: datetime
    what: str
    dag_id: str | None = None


def next_events(campaign: Campaign, now: datetime, most: int = 10) -> list[Event]:
    """Return the coming `most` events within two weeks of `now`, soonest first; wall clock, UTC."""
    events = [*_marks(campaign), *_scheduled(campaign, now)]
    coming = {(event.at, event.what): event for event in events if now < event.at <= now + HORIZON}
    return [coming[key] for key in sorted(coming)][:most]


def planned_checks(campaign: Campaign, day: datetime) -> list[tuple[datetime, str]]:
    """Return the checks planned for the UTC day of `day`: time and slot, in order."""
    midnight = day.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    times = _times(campaign.schedules.get(_CHECKS), midnight - timedelta(seconds=1))
    of_day = [at for at in times if at < midnight + timedelta(days=1)]
    return [(at, campaign.check_at(at)) for at in of_day]


def _marks(campaign: Campaign) -> list[Event]:
    return [
        Event(campaign.start, f"campaign {campaign.name} begins"),
        Event(campaign.deadline, "deadline of the training's start"),
        Event(campaign.end, f"campaign {campaign.name} ends"),
    ]


def _scheduled(campaign: Campaign, now: datetime) -> Iterator[Event]:
    words = {"market_data": "market data", "train_ppo": "scheduled training", "maintenance": "maintenance"}
    # a revalidation of today may have begun already, and its report is still to come
    before = now - timedelta(days=1)
    for dag_id, schedule in campaign.schedules.items():
        times = _times(schedule, before if dag_id == _REVALIDATION else now)
        # of what only repeats itself the next time says enough
        for at in times if dag_id in (_CHECKS, _REVALIDATION) else times[:1]:
            if dag_id == _REVALIDATION:
                yield Event(at, "revalidation", dag_id)
                yield from _revalidation_day(campaign.revalidation, at)
            elif dag_id == _CHECKS:
                yield Event(at, f"check: {campaign.check_at(at)}", dag_id)
            else:
                yield Event(at, words[dag_id], dag_id)


def _revalidation_day(day: RevalidationDay, at: datetime) -> Iterator[Event]:
    for text, what in (
        (day.pre_check_at, "pre-revalidation checklist"),
        (day.report_due, "decision report due"),
        (day.review_at, "review of the decision"),
        (day.escalation_at, "escalation, if nobody answered"),
    ):
        yield Event(datetime.combine(at.date(), time.fromisoformat(text), UTC), what, "revalidation_day")


def _times(schedule: Schedule, after: datetime) -> list[datetime]:
    if schedule is None:
        return []
    if isinstance(schedule, str):
        coming = croniter(schedule, after, ret_type=datetime)
        return [at for at in islice(coming, _MOST_PER_SCHEDULE) if at <= after + HORIZON + timedelta(days=1)]
    return sorted(at.astimezone(UTC) for at in schedule if at > after)
