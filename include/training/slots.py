"""The four checks of a campaign day, free of any channel: standup, convergence, snapshot, checkpoints.

Posting them does not belong here.
"""

from datetime import datetime
from typing import get_args

from pydantic import BaseModel, ConfigDict

from include.config.settings import Settings
from include.config.system import SystemConfig, load_system
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.errors import InvalidInputError
from include.core.paths import Home
from include.core.slots import CHECK_TITLES, CheckSlot
from include.market.clock import market_now
from include.training.champion import Champion
from include.training.facts import RunFacts, read_facts
from include.training.ownership import is_locked
from include.training.runs import RunInfo, all_runs
from include.training.slot_champion import Advise, Clock, Standing, champion_standing
from include.training.slot_details import checkpoint_headline, checkpoint_report, convergence_lines, snapshot_lines
from include.training.slot_drift import drift_line
from include.training.slot_lines import run_line, status_lines
from include.training.standup import standup_headline, standup_lines
from include.training.watch import evaluate_facts

# once before the day's work and once at its end; the others are about the training itself
_DRIFT_SLOTS = ("standup", "snapshot")


class SlotReport(BaseModel):
    """One check of the day.

    Parameters
    ----------
    slot, title : str
        Which check, and its name for people.
    report : CheckReport
        Every alert, and at 22:00 every checkpoint.
    headline : str
        The essential figures in a few words: all that is read of a check without alerts.
    lines : tuple of str
        The content, line by line, plain text.
    run_id : str or None
        The run in training, or else the latest; None before the first.
    champion : Champion or None
        The promoted model of the system, None when nothing was promoted or its record cannot be read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slot: str
    title: str
    report: CheckReport
    headline: str
    lines: tuple[str, ...]
    run_id: str | None
    champion: Champion | None


def slot_report(
    settings: Settings,
    slot: CheckSlot | str,
    now: datetime,
    clock: Clock = market_now,
    advise: Advise = lambda _: None,
) -> SlotReport:
    """Return the check `slot` of the deployment's system at `now`.

    The run in training is reported, without one the latest run and the champion, and before the
    first run that there is none.

    Parameters
    ----------
    settings : Settings
        Names home, system and campaign.
    slot : {"standup", "convergence", "snapshot", "checkpoints"}
        Which check.
    now : datetime
        Wall clock, UTC.
    clock : callable
        Market time, for the age of the champion.
    advise : callable
        What the newest comparison says of the champion.
    """
    if slot not in get_args(CheckSlot):
        raise InvalidInputError(f"`slot` must be one of {', '.join(get_args(CheckSlot))}, was {slot!r}.")
    system = load_system(settings.system)
    standing = champion_standing(settings, system, clock, advise)
    run = _current_run(settings.home, system.name)
    if run is None:
        return _no_run(slot, system.name, standing)
    facts = read_facts(settings.home.run(run.run_id))
    found = evaluate_facts(facts, system.alerts, now)
    report = found.model_copy(update={"results": (*found.results, *standing.results)})
    report, headline, details = _details(slot, facts, report, system, settings, now)
    lines = [*status_lines(facts, report, system.alerts, now), run_line(facts), *standing.lines]
    if slot in _DRIFT_SLOTS:
        lines.append(drift_line(settings.home, system.feature_set))
    lines += ["", *details]
    return SlotReport(
        slot=slot,
        title=CHECK_TITLES[slot],
        report=report,
        headline=headline,
        lines=tuple(lines),
        run_id=run.run_id,
        champion=standing.champion,
    )


def _current_run(home: Home, system: str) -> RunInfo | None:
    runs = all_runs(home, system)
    training = [run for run in runs if run.status == "running" and is_locked(home.run(run.run_id))]
    current = training or runs
    return current[-1] if current else None


def _details(
    slot: str, facts: RunFacts, report: CheckReport, system: SystemConfig, settings: Settings, now: datetime
) -> tuple[CheckReport, str, list[str]]:
    if slot == "standup":
        lines = standup_lines(facts, report, system, settings.campaign, now)
        return report, standup_headline(facts, system, now), lines
    if slot == "convergence":
        return report, *convergence_lines(facts, system.alerts)
    if slot == "snapshot":
        return report, *snapshot_lines(facts)
    verified, lines = checkpoint_report(facts, now)
    return report.merge(verified), checkpoint_headline(facts, verified, now), lines


def _no_run(slot: str, system: str, standing: Standing) -> SlotReport:
    message = f"No run of {system} yet. Next step: train one."
    result = CheckResult(name="training_process", passed=True, message=message, severity=Severity.INFO)
    return SlotReport(
        slot=slot,
        title=CHECK_TITLES[slot],
        report=CheckReport(subject=f"training {system}", results=(result, *standing.results)),
        headline=f"no run of {system} yet",
        lines=(message, *standing.lines),
        run_id=None,
        champion=standing.champion,
    )
