"""When a schedule of the campaign fires: the one place that reads a cron outside of Airflow."""

from datetime import UTC, datetime, timedelta

from croniter import croniter

from include.config.campaign import Schedule


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


def _events(schedule: tuple[datetime, ...]) -> list[datetime]:
    return sorted(event.replace(tzinfo=UTC) if event.tzinfo is None else event.astimezone(UTC) for event in schedule)
