"""The first messages of threads, made where a thread is used and does not stand yet."""

from datetime import UTC, datetime, timedelta

from include.alerts.message import Block, Message, bullets, compose, escape, header, section
from include.alerts.messages import training_started
from include.alerts.threads import parent_key
from include.config.campaign import Campaign
from include.config.settings import Settings
from include.core.clock import parse_utc
from include.core.errors import InvalidInputError, PerpetuaError
from include.reporting.campaign_plan import next_events

_INSTANT = timedelta(milliseconds=1)
# they follow each other all day and would bury everything else
_ROUTINE = ("market_data", "maintenance")
_MOST = 40


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
    return compose(title, [header(f":calendar: {title}"), *_plan(campaign, day)], key)


def _plan(campaign: Campaign, day: datetime) -> list[Block]:
    events = [event for event in next_events(campaign, day - _INSTANT, _MOST) if event.at < day + timedelta(days=1)]
    planned = [f"{event.at:%H:%M} {escape(event.what)}" for event in events if event.dag_id not in _ROUTINE]
    return [section("*Planned, UTC*"), bullets(planned, _MOST)] if planned else []


def _run(settings: Settings, run_id: str, key: str) -> Message:
    from include.training.runs import read_run

    try:
        folder = settings.home.run(run_id)
        return training_started(read_run(folder), str(folder))
    except PerpetuaError:
        # a thread is worth having even where the run's record cannot be read
        return compose(f"Training run {run_id}", [section(f":runner: *Training run* `{escape(run_id)}`")], key)
