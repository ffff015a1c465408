"""The schedules of `campaign.yaml` as Airflow timetables: the one thing a DAG file may call while it is parsed."""

import os
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from airflow.sdk import CronTriggerTimetable, MultipleCronTriggerTimetable

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


def revalidation_day() -> Schedule:
    """Return when the steps of a revalidation day are due: each day on which `revalidate_model` fires.

    Raises
    ------
    ConfigurationError
        On one of those days it does not fire between `pre_check_at` and `report_due`: nothing could be reported.
    """
    entry, steps = _section("schedules").get("revalidate_model"), _section("revalidation")
    times = [str(steps[name]) for name in ("pre_check_at", "report_due", "review_at", "escalation_at")]
    if entry is None:
        return Schedule(None, None, catchup=False)
    if isinstance(entry, str):
        fields = entry.split()
        if len(fields) != 5:
            raise ConfigurationError(
                f"`schedules.revalidate_model` must have five fields, was {entry!r}. Hint: 0 14 * * 5."
            )
        _require_between(_plain_clocks(fields), times, entry)
        crons = [f"{int(clock[3:])} {int(clock[:2])} {' '.join(fields[2:])}" for clock in times]
        timetable = MultipleCronTriggerTimetable(*crons, timezone="UTC", run_immediately=timedelta(0))
        return Schedule(timetable, None, catchup=False)
    events = sorted(_utc(event, "revalidate_model") for event in entry)
    for day in sorted({event.date() for event in events}):
        _require_between([f"{event:%H:%M}" for event in events if event.date() == day], times, day)
    days = sorted({event.date() for event in events})
    due: list[Any] = [datetime.combine(day, time.fromisoformat(clock), UTC) for day in days for clock in times]
    from airflow.timetables.events import EventsTimetable

    return Schedule(EventsTimetable(event_dates=due, presorted=True), due[0] - timedelta(minutes=1), catchup=True)


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


def _plain_clocks(fields: list[str]) -> list[str]:
    """Return the times of day that a cron names by plain numbers; of a range or a step none is known here."""
    minutes, hours = (field.split(",") for field in fields[:2])
    if not all(part.isdigit() for part in (*minutes, *hours)):
        return []
    return [f"{int(hour):02d}:{int(minute):02d}" for hour in hours for minute in minutes]


def _require_between(clocks: list[str], times: list[str], what: Any) -> None:
    first, last = times[:2]
    if clocks and not any(first <= clock < last for clock in clocks):
        raise ConfigurationError(
            f"`schedules.revalidate_model` must fire between `pre_check_at` {first} and `report_due` {last}, was "
            f"{', '.join(clocks)} ({what}). Hint: move the times under `revalidation` of campaign.yaml with it."
        )


def _utc(event: Any, dag_id: str) -> Any:
    if not isinstance(event, datetime):
        raise ConfigurationError(
            f"`schedules.{dag_id}` must be a cron, null or a list of datetimes, was {event!r}. "
            "Hint: 2026-02-27T14:00:00Z."
        )
    return event.replace(tzinfo=UTC) if event.tzinfo is None else event.astimezone(UTC)
