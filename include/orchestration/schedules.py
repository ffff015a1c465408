"""The schedules of `campaign.yaml` as Airflow timetables: the one thing a DAG file may call while it is parsed."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from airflow.sdk import CronTriggerTimetable

from include.config.files import CAMPAIGN, read_yaml
from include.core.errors import ConfigurationError


class Schedule(NamedTuple):
    """What a DAG needs to fire at its time, spread into `@dag(**…)` by `arguments`."""

    timetable: Any
    start_date: datetime | None
    catchup: bool

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of `@dag`."""
        return {"schedule": self.timetable, "start_date": self.start_date, "catchup": self.catchup}


def load(dag_id: str) -> Schedule:
    """Return the schedule of `dag_id` from the campaign file (`PERPETUA_CAMPAIGN`, else the shipped one).

    A cron fires at its next slot after the first parse, and after a stop once for the latest missed
    slot. A list of datetimes fires each exactly once, late rather than never: it needs catch-up and a
    start just before its first event, since without catch-up a single event can be missed entirely.
    """
    entry = _section("schedules").get(dag_id)
    if entry is None:
        return Schedule(None, None, catchup=False)
    if isinstance(entry, str):
        # False would still fire a slot that passed less than a tenth of the period ago; zero never does
        timetable = CronTriggerTimetable(entry, timezone="UTC", run_immediately=timedelta(0))
        return Schedule(timetable, None, catchup=False)
    events = sorted(_utc(event, dag_id) for event in entry)
    if not events:
        raise ConfigurationError(
            f"`schedules.{dag_id}` must name at least one time, was []. Hint: null is by hand only."
        )
    # airflow.sdk's own EventsTimetable cannot be serialised in 3.3.2; the other one is slow to import
    from airflow.timetables.events import EventsTimetable

    return Schedule(EventsTimetable(event_dates=events, presorted=True), events[0] - timedelta(minutes=1), catchup=True)


def approval_timeout() -> timedelta:
    """Return how long an approval is waited for before it counts as refused."""
    return timedelta(hours=float(_section("revalidation")["approval_hours"]))


def approvers() -> list[str]:
    """Return the names of the users who may answer an approval (`PERPETUA_APPROVERS`); empty is everyone."""
    return [name.strip() for name in os.environ.get("PERPETUA_APPROVERS", "").split(",") if name.strip()]


def check_slots() -> list[str]:
    """Return the checks of the day that the campaign file plans, in its order."""
    return list(dict.fromkeys(_section("check_slots").values()))


def _section(name: str) -> dict[str, Any]:
    source = Path(os.environ.get("PERPETUA_CAMPAIGN") or CAMPAIGN)
    document = read_yaml(source)
    if not isinstance(document, dict) or not isinstance(document.get(name), dict):
        raise ConfigurationError(f"`{source}` must have a section `{name}`.")
    section: dict[str, Any] = document[name]
    return section


def _utc(event: Any, dag_id: str) -> Any:
    if not isinstance(event, datetime):
        raise ConfigurationError(
            f"`schedules.{dag_id}` must be a cron, null or a list of datetimes, was {event!r}. "
            "Hint: 2026-02-27T14:00:00Z."
        )
    return event.replace(tzinfo=UTC) if event.tzinfo is None else event.astimezone(UTC)
