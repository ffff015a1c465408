"""The desk's first page and its pages of checks: what runs, who is champion, what comes next, what was found.

Routes and logins do not belong here (`plugins/perpetua_ui.py`), nor a run's own page (`run_page.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from include.config.files import system_names
from include.config.settings import Settings
from include.config.system import load_system
from include.core.clock import format_utc
from include.core.errors import PerpetuaError
from include.core.paths import Home
from include.core.slots import CHECK_TITLES
from include.reporting.campaign_plan import next_events, planned_checks
from include.reporting.check_log import PostedCheck, check_days, checks_of
from include.reporting.listings import (
    WAITS,
    QualityLine,
    answer,
    cross_validations,
    feature_reports,
    newest_quality,
    verdicts,
)
from include.reporting.page import template
from include.reporting.run_list import STATUSES, RunLine, page_of, run_lines
from include.reporting.run_state import state_of
from include.reporting.sign_offs import sign_off_table
from include.reporting.spans import relative, span_words
from include.training.champion import Champion, read_champion

VERDICTS, CROSS_VALIDATIONS, EVENTS = 10, 5, 8


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that Slack has not taken yet: since when, its first words, why the newest attempt failed."""

    since: datetime
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs the list shows."""

    system: str | None = None
    status: str | None = None
    page: int = 1


def desk_page(settings: Settings, now: datetime, runs: RunFilter, unsent: Sequence[Unsent] = ()) -> str:
    """Return the first page as HTML; links are relative to its own address.

    Parameters
    ----------
    settings : Settings
        Names home and campaign.
    now : datetime
        Wall clock, UTC.
    runs : RunFilter
        Of the list of runs.
    unsent : sequence of Unsent
        Oldest first.
    """
    home = settings.home
    lines, damaged = run_lines(home)
    quality, judged = newest_quality(home), verdicts(home, VERDICTS)
    return template("desk_index.html").render(
        **frame(settings, now, "", "Desk"),
        running=_running(home, lines, now),
        latest=lines[0] if lines else None,
        champions={name: _champion(home, name, quality) for name in system_names()},
        quality=quality,
        has_quality=(home.data_quality / "index.html").is_file(),
        has_lake=(home.data_quality / "lake.html").is_file(),
        events=next_events(settings.campaign, now, EVENTS),
        checks=_today(settings, now),
        sign_offs=_sign_offs(settings),
        unsent=unsent,
        verdicts=judged,
        answers={line.id: answer(home, line) for line in judged.lines},
        waits=WAITS,
        cross_validations=cross_validations(home, CROSS_VALIDATIONS),
        feature_sets=feature_reports(home),
        runs=page_of(lines, damaged, runs.system, runs.status, runs.page),
        filter=runs,
        statuses=STATUSES,
    )


def running_part(settings: Settings, now: datetime) -> str:
    """Return the part on what runs now, which the first page asks for again and again."""
    lines, _ = run_lines(settings.home)
    return template("desk_running.html").render(
        **frame(settings, now, "", "Desk"),
        running=_running(settings.home, lines, now),
        latest=lines[0] if lines else None,
    )


def checks_page(settings: Settings, now: datetime, day: str | None) -> str:
    """Return the page on the checks of `day` (ISO, None: the newest with checks).

    An unknown day has no checks; a text that is none is answered like it.
    """
    days = check_days(settings.home)
    chosen = _day(day) or (days[0] if days else now.date())
    found, damaged = checks_of(settings.home, chosen)
    return template("desk_checks.html").render(
        **frame(settings, now, "", "Checks"), days=days, day=chosen, checks=found, damaged=damaged
    )


def message_page(settings: Settings, now: datetime, root: str, title: str, text: str) -> str:
    """Return a page that says one thing: what is not there, or not allowed."""
    return template("desk_message.html").render(**frame(settings, now, root, title), text=text)


def frame(settings: Settings, now: datetime, root: str, title: str) -> dict[str, Any]:
    """Return what every page of the desk needs; `root` leads from its address to the first page's."""
    return {
        "root": root,
        "title": title,
        "now": now,
        "campaign": settings.campaign.name,
        "mode": settings.mode,
        "utc": format_utc,
        "span": span_words,
        "relative": lambda at: relative(at, now),
    }


def _running(home: Home, lines: list[RunLine], now: datetime) -> list[dict[str, Any]]:
    states = []
    for line in lines:
        if line.status == "running":
            try:
                states.append(state_of(home.run(line.info.run_id), now))
            except PerpetuaError as error:
                states.append({"run_id": line.info.run_id, "problem": str(error)})
    return states


@dataclass(frozen=True, slots=True)
class _Standing:
    """A system's champion and how long it stands yet, or what is wrong with its record."""

    champion: Champion | None = None
    problem: str = ""
    age: str = ""
    tone: str = ""


def _champion(home: Home, system: str, quality: QualityLine | None) -> _Standing:
    try:
        champion = read_champion(home, system)
    except PerpetuaError as error:
        return _Standing(problem=str(error))
    if champion is None:
        return _Standing()
    if quality is None or quality.batch.market_now < champion.tested_until:
        # only a batch tells the exchange's time without asking the exchange
        return _Standing(champion)
    market_now = quality.batch.market_now
    left = champion.expires_at - market_now
    days = (market_now - champion.tested_until) / timedelta(days=1)
    word = "expired" if left <= timedelta() else "expires"
    age = f"{days:.1f} days old, {word} {relative(champion.expires_at, market_now)}"
    warning = timedelta(days=load_system(system).champion.warning_days)
    return _Standing(champion, age=age, tone="bad" if left <= timedelta() else "warn" if left <= warning else "")


@dataclass(frozen=True, slots=True)
class _Slot:
    """A check of today: when it is planned, or was made by hand, and what was kept of it."""

    at: datetime
    title: str
    posted: PostedCheck | None
    is_due: bool


def _today(settings: Settings, now: datetime) -> list[_Slot]:
    found, _ = checks_of(settings.home, now.astimezone(UTC).date())
    posted = {check.slot: check for check in found}
    planned = planned_checks(settings.campaign, now)
    slots = [_Slot(at, CHECK_TITLES[slot], posted.get(slot), at <= now) for at, slot in planned]
    known = {slot for _, slot in planned}
    extra = [_Slot(check.at, check.title, check, is_due=True) for check in found if check.slot not in known]
    return sorted([*slots, *extra], key=lambda slot: slot.at)


def _sign_offs(settings: Settings) -> list[dict[str, str]] | str:
    """Return the table of the phases, or what is wrong with its file."""
    try:
        return sign_off_table(settings.home, settings.campaign)
    except PerpetuaError as error:
        return str(error)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
