"""The threads that messages go into: one per campaign day, one per training run.

A thread is known by its logical name, `day:2026-02-23` or `run:RUN_ID`. Its first message is made at first use.
"""

from datetime import UTC, datetime

from include.alerts.message import Message, compose, context, escape, header, section
from include.config.settings import Settings
from include.core.clock import format_utc, parse_utc
from include.core.errors import InvalidInputError, PerpetuaError


def day_thread(instant: datetime) -> str:
    """Return the thread of the UTC day of `instant`."""
    return f"day:{instant.astimezone(UTC):%Y-%m-%d}"


def run_thread(run_id: str) -> str:
    """Return the thread of a training run."""
    return f"run:{run_id}"


def parent_key(thread: str) -> str:
    """Return the key of the first message of `thread`."""
    return f"thread:{thread}"


def parent(settings: Settings, thread: str) -> Message:
    """Return the first message of `thread`.

    Raises
    ------
    InvalidInputError
        It is neither a day's nor a run's.
    """
    kind, _, name = thread.partition(":")
    if kind == "day":
        return _day(settings, parse_utc(name, "thread"), parent_key(thread))
    if kind == "run" and name:
        return _run(settings, name, parent_key(thread))
    raise InvalidInputError(f"`thread` must be such as day:2026-02-23 or run:RUN_ID, was {thread!r}.")


def _day(settings: Settings, day: datetime, key: str) -> Message:
    campaign = settings.campaign
    first, last = campaign.start.astimezone(UTC).date(), campaign.end.astimezone(UTC).date()
    title = f"{day:%A} {day.day} {day:%b %Y}"
    if first <= day.date() <= last:
        number, count = (day.date() - first).days + 1, (last - first).days + 1
        title = f"Campaign {campaign.name} · {title} · day {number} of {count}"
    return compose(title, [header(f":calendar: {title}"), section(_plan(settings))], key)


def _plan(settings: Settings) -> str:
    planned = [f"{at} {slot}" for at, slot in settings.campaign.check_times.items()]
    return escape(f"Planned today (UTC): {', '.join(planned)}.")


def _run(settings: Settings, run_id: str, key: str) -> Message:
    from include.training.runs import read_run

    try:
        run = read_run(settings.home.run(run_id))
    except PerpetuaError:
        # a thread is worth having even when the run's record cannot be read
        return compose(f"Training run {run_id}", [section(f":bar_chart: *Training run* `{escape(run_id)}`")], key)
    text = f"Training {run.system}: {run_id}, {run.total_timesteps:,} steps"
    return compose(
        text,
        [
            section(
                f":bar_chart: *Training* {escape(run.system)} · `{escape(run_id)}` · {run.total_timesteps:,} steps"
            ),
            context(f"since {format_utc(run.started_at)}"),
        ],
        key,
    )
