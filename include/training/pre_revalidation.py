"""The checklist on the morning of the revalidation day: whether the run that will be judged is whole.

Which run that is follows the revalidation itself: the newest finished one.
"""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from include.config.settings import Settings
from include.config.system import SystemConfig, load_system
from include.core.checks import CheckResult, Severity
from include.core.clock import format_utc, parse_utc, to_ms
from include.core.errors import IntegrityError, MissingInputError, PerpetuaError
from include.core.slots import REVALIDATION_TITLES
from include.core.timeframes import timeframe_ms
from include.features.dataset import read_info
from include.training.artifacts import BEST, verify_model
from include.training.checklist import Checklist, Section
from include.training.facts import RunFacts, last, read_facts
from include.training.logs import ALERTS, DAILY_SUMMARY, EPISODES, LOGS, UPDATES
from include.training.pre_training_data import MINIMUM_TEST_CANDLES
from include.training.runs import RunInfo, latest_run
from include.training.slot_details import checkpoint_report
from include.training.slot_lines import hours_since
from include.training.watch import evaluate_facts

SLOT = "pre-revalidation"
_SHOWN = 3


def pre_revalidation(settings: Settings, now: datetime) -> Checklist:
    """Work through the checklist for the run that a revalidation at or after `now` will judge.

    Parameters
    ----------
    settings : Settings
        Names home and system.
    now : datetime
        Wall clock, UTC.
    """
    system = load_system(settings.system)
    newest = latest_run(settings.home, system.name)
    judged = latest_run(settings.home, system.name, "finished")
    if judged is None:
        missing = Section("Training", (_no_run(system.name, newest),))
        return Checklist(SLOT, REVALIDATION_TITLES[SLOT], system.name, (missing,))
    facts = read_facts(settings.home.run(judged.run_id))
    sections = (
        Section("Training", tuple(_training(facts, newest))),
        Section("Model and figures", (_best_model(facts, now), _metrics(facts))),
        Section("Logs and checkpoints", (_logs(facts), _summary(facts, system), _checkpoints(facts, now))),
        Section("Final logs", (_final_alerts(facts, system, now),)),
        Section("Test window", (_test_window(settings, facts),)),
    )
    return Checklist(SLOT, REVALIDATION_TITLES[SLOT], judged.run_id, sections, judged.run_id)


def _no_run(system: str, newest: RunInfo | None) -> CheckResult:
    state = f"the newest is {newest.run_id}, {newest.status}" if newest else "none was ever started"
    action = f"resume {newest.run_id}" if newest else "start `train_ppo`"
    return _critical("steps_reached", False, f"No run of {system} has finished: {state}. Actions: {action}.")


def _training(facts: RunFacts, newest: RunInfo | None) -> Iterator[CheckResult]:
    info = facts.info
    whole = facts.timesteps >= info.total_timesteps
    reached = f"{facts.timesteps:,} of {info.total_timesteps:,} steps"
    early = f" It ended early, by {info.ended_by}; judged is its best model so far." if not whole else ""
    yield CheckResult(
        name="steps_reached", passed=whole, observed=facts.timesteps, limit=info.total_timesteps,
        message=f"Training completed: {reached}.{early}", severity=Severity.WARNING,
    )  # fmt: skip
    attempt = info.attempts[-1] if info.attempts else None
    clean = not facts.is_alive and info.ended_at is not None and (attempt is None or attempt.status == "finished")
    ended = format_utc(info.ended_at) if info.ended_at else "never"
    word = "Clean shutdown" if clean else "No clean shutdown"
    held = ", a process still holds the run" if facts.is_alive else ""
    said = attempt.status if attempt else info.status
    action = "" if clean else f" Actions: read {LOGS}/{DAILY_SUMMARY}, end the process with `train stop`."
    yield _critical("clean_shutdown", clean, f"{word}: ended {ended} as {said}{held}.{action}")
    if newest is not None and newest.run_id != info.run_id:
        message = f"A newer run, {newest.run_id}, is {newest.status} and will not be judged."
        yield CheckResult(name="newest_run", passed=False, message=message, severity=Severity.WARNING)


def _best_model(facts: RunFacts, now: datetime) -> CheckResult:
    try:
        manifest = verify_model(facts.folder, BEST)
    except (IntegrityError, MissingInputError) as error:
        return _critical("best_model", False, f"{BEST.zip} cannot be judged: {error} Actions: resume the training.")
    score = "" if manifest.score is None else f", validation {manifest.score:+.2%}"
    age = hours_since(manifest.created_at, now)
    return _critical("best_model", True, f"{BEST.zip} is saved, its checksums match{score}, {age:.1f} h old.")


def _metrics(facts: RunFacts) -> CheckResult:
    shown = {
        "reward": last(facts.convergence, "reward"),
        "KL divergence": last(facts.convergence, "kl_divergence"),
        "value loss": last(facts.convergence, "value_loss"),
        "policy entropy": last(facts.convergence, "policy_entropy"),
        "validation return": facts.info.best_score,
    }
    absent = [name for name, value in shown.items() if value is None or not math.isfinite(value)]
    values = ", ".join(f"{name} {value:.4g}" for name, value in shown.items() if value is not None)
    message = f"Final metrics: {values or 'none'}." + (f" Unknown: {', '.join(absent)}." if absent else "")
    return CheckResult(name="final_metrics", passed=not absent, message=message, severity=Severity.WARNING)


def _logs(facts: RunFacts) -> CheckResult:
    problems = list(facts.log_problems)
    for name, steps in ((UPDATES.name, facts.updates["timestep"]), (EPISODES.name, facts.episodes["timesteps"])):
        if np.any(np.diff(steps) < 0):
            problems.append(f"{name} goes back in time")
    written = last(facts.updates, "timestep")
    if written is None or written < facts.info.timesteps:
        problems.append(f"the last update is of step {written or 0:,.0f}, the run reached {facts.info.timesteps:,}")
    rows = f"{len(facts.updates['timestep']):,} updates, {len(facts.episodes['episode']):,} episodes"
    message = f"Logs are damaged: {'; '.join(problems)}." if problems else f"All log files are intact: {rows}."
    return _critical("logs_intact", not problems, message)


def _summary(facts: RunFacts, system: SystemConfig) -> CheckResult:
    """Return whether the daily summary covers every day between its first and its last line."""
    limit = system.alerts.checkpoint_age_critical_hours
    told = _told(facts)
    if not told:
        message = f"{DAILY_SUMMARY} holds no line."
        return CheckResult(name="summary_log", passed=False, message=message, severity=Severity.WARNING)
    silences = [(later - earlier, earlier) for earlier, later in pairwise(told)]
    longest, since = max(silences, default=(timedelta(), told[0]))
    hours = longest / timedelta(hours=1)
    days = (told[-1].date() - told[0].date()).days + 1
    message = (
        f"{DAILY_SUMMARY} covers {days} day{'s' if days > 1 else ''}, {told[0]:%d %b} to {told[-1]:%d %b}; "
        f"its longest silence is {hours:.1f} h, since {format_utc(since)} (at most {limit:g} h)."
    )
    return CheckResult(
        name="summary_log", passed=hours <= limit, observed=round(hours, 2), limit=limit, message=message,
        severity=Severity.WARNING,
    )  # fmt: skip


def _told(facts: RunFacts) -> list[datetime]:
    file = facts.folder / LOGS / DAILY_SUMMARY
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    stamps = (line.split(" UTC", 1)[0] for line in lines if " UTC" in line)
    return [instant for stamp in stamps if (instant := _instant(stamp)) is not None]


def _instant(stamp: str) -> datetime | None:
    try:
        return parse_utc(stamp)
    except PerpetuaError:
        return None


def _checkpoints(facts: RunFacts, now: datetime) -> CheckResult:
    report, _ = checkpoint_report(facts, now)
    broken = [str(result.observed) for result in report.failures]
    count = len(facts.checkpoints)
    message = f"Checkpoints opened: {count}, their checksums match."
    if broken or not count:
        message = f"Checkpoints are damaged: {', '.join(broken) or 'there is none'}."
    return CheckResult(
        name="checkpoints_intact", passed=not broken and count > 0, observed=count, message=message,
        severity=Severity.WARNING,
    )  # fmt: skip


def _final_alerts(facts: RunFacts, system: SystemConfig, now: datetime) -> CheckResult:
    failures = evaluate_facts(facts, system.alerts, now).failures
    standing = [failure.name for failure in failures if failure.severity is Severity.CRITICAL]
    errors = ([f"error {facts.info.error_type}: {facts.info.error}"] if facts.info.error else []) + standing
    file = facts.folder / LOGS / ALERTS
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    raised = f"{ALERTS} holds {len(lines)} line{'' if len(lines) == 1 else 's'}"
    named = f"Errors in the final logs: {', '.join(errors[:_SHOWN])}" if errors else "No errors in the final logs"
    action = " Actions: work through the runbook's sections of that name before judging it." if errors else ""
    return CheckResult(
        name="final_logs", passed=not errors, observed=len(lines), message=f"{named}; {raised}.{action}",
        severity=Severity.WARNING,
    )  # fmt: skip


def _test_window(settings: Settings, facts: RunFacts) -> CheckResult:
    try:
        info = read_info(settings.home.dataset(facts.info.dataset_id))
    except PerpetuaError as error:
        return _critical("test_window", False, f"The test window cannot be read: {error}")
    window = info.splits["test"]
    candles = (to_ms(window.end) - to_ms(window.start)) // timeframe_ms(info.timeframe)
    span = f"{format_utc(window.start)} to {format_utc(window.end)}"
    message = f"Dataset {info.id}: {candles:,} test candles of {len(info.symbols)} symbols, {span}."
    return CheckResult(
        name="test_window", passed=candles >= MINIMUM_TEST_CANDLES, observed=candles, limit=MINIMUM_TEST_CANDLES,
        message=message, severity=Severity.WARNING,
    )  # fmt: skip


def _critical(name: str, passed: bool, message: str) -> CheckResult:
    return CheckResult(name=name, passed=passed, message=message)
