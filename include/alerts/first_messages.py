"""The first messages of threads, made where a thread is used and does not stand yet."""

from datetime import UTC, datetime

from include.alerts.message import Message, compose, escape, header, section
from include.alerts.messages import training_started
from include.alerts.threads import parent_key
from include.config.settings import Settings
from include.core.clock import parse_utc
from include.core.errors import InvalidInputError, PerpetuaError
from include.core.slots import CHECK_TITLES


def first_message(settings: Settings, thread: str) -> Message:
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
    planned = [f"{at} {CHECK_TITLES[slot]}" for at, slot in sorted(settings.campaign.check_times.items())]
    return escape(f"Planned today (UTC): {', '.join(planned)}.")


def _run(settings: Settings, run_id: str, key: str) -> Message:
    from include.training.runs import read_run

    try:
        folder = settings.home.run(run_id)
        return training_started(read_run(folder), str(folder))
    except PerpetuaError:
        # a thread is worth having even where the run's record cannot be read
        return compose(f"Training run {run_id}", [section(f":runner: *Training run* `{escape(run_id)}`")], key)
