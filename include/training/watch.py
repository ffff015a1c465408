"""The training alerts: what a run's log files say, held against the limits of its system.

Three outcomes per check. A limit broken: not passed, with the value, its causes and remedies.
A value that should exist but is undefined: not passed, with the reason. Not enough data yet
(warm-up): passed, observed None, and the message says until when, because an alert that always
rings at the start of a training is soon read by nobody.
"""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from include.config.system import AlertConfig, SystemConfig
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.errors import DivergedError
from include.training.facts import RunFacts, read_facts
from include.training.verdicts import not_yet, verdict
from include.training.watch_course import course_checks
from include.training.watch_learning import LOSS_COLUMNS, learning_checks


def evaluate_run(run_folder: Path, system: SystemConfig, now: datetime) -> CheckReport:
    """Return every training alert of the run in `run_folder`.

    Parameters
    ----------
    run_folder : Path
        A run, in training or ended.
    system : SystemConfig
        Its limits are `system.alerts`.
    now : datetime
        Wall clock, UTC; the age of the newest checkpoint is measured from it.

    Raises
    ------
    MissingInputError
        There is no run.
    """
    return evaluate_facts(read_facts(run_folder), system.alerts, now)


def evaluate_facts(facts: RunFacts, limits: AlertConfig, now: datetime) -> CheckReport:
    """Return every training alert of a run whose files are already read."""
    results = [
        _log_files(facts),
        _training_process(facts),
        _out_of_memory(facts),
        _finite_losses(facts),
        *learning_checks(facts, limits),
        *course_checks(facts, limits),
        _checkpoint_age(facts, limits, now),
        _mirror(facts),
    ]
    return CheckReport(subject=f"training {facts.info.run_id}", results=tuple(results))


def _log_files(facts: RunFacts) -> CheckResult:
    problems = "; ".join(facts.log_problems)
    message = f"Log files: {problems}." if problems else "All log files are present."
    return verdict("log_files", not problems, problems or None, None, message, Severity.CRITICAL)


def _training_process(facts: RunFacts) -> CheckResult:
    status, gone = facts.info.status, facts.info.status == "running" and not facts.is_alive
    messages = {"failed": f"The training failed: {facts.info.error}", "stopped": "The training was stopped early."}
    message = messages.get(status, f"The training is {status}.")
    if gone:
        message = f"The run says it is running, but no process holds it; it ended at step {facts.timesteps:,}."
    severity = Severity.WARNING if status == "stopped" else Severity.CRITICAL
    passed = status in ("running", "finished") and not gone
    return verdict("training_process", passed, "gone" if gone else status, "running or finished", message, severity)


def _out_of_memory(facts: RunFacts) -> CheckResult:
    text = f"{facts.info.error_type} {facts.info.error}".lower()
    is_out = "memoryerror" in text or "out of memory" in text
    message = f"The training ran out of memory: {facts.info.error}" if is_out else "No memory error."
    return verdict("out_of_memory", not is_out, facts.info.error if is_out else None, None, message, Severity.CRITICAL)


def _finite_losses(facts: RunFacts) -> CheckResult:
    if facts.info.error_type == DivergedError.__name__:
        message = f"The training met NaN or infinity: {facts.info.error}"
        return verdict("finite_losses", False, facts.info.timesteps, None, message, Severity.CRITICAL)
    if not len(facts.updates["timestep"]):
        return not_yet("finite_losses", "no update has ended yet")
    broken = ~np.all([np.isfinite(facts.updates[name]) for name in LOSS_COLUMNS], axis=0)
    step = int(facts.updates["timestep"][broken][0]) if broken.any() else None
    message = f"A loss is NaN or infinite at step {step:,}." if step is not None else "All losses are finite."
    return verdict("finite_losses", step is None, step, None, message, Severity.CRITICAL)


def _checkpoint_age(facts: RunFacts, limits: AlertConfig, now: datetime) -> CheckResult:
    if not facts.is_training:
        return not_yet("checkpoint_age", "no training is running")
    # a training that goes on after a pause has its own time for the next one
    reference = max(facts.saved_at or facts.info.started_at, facts.info.began_at)
    hours = (now - reference) / timedelta(hours=1)
    critical = hours > limits.checkpoint_age_critical_hours
    limit = limits.checkpoint_age_critical_hours if critical else limits.checkpoint_age_warning_hours
    since = "the last checkpoint" if reference == facts.saved_at else "the start, and no checkpoint yet"
    message = f"{hours:.1f} h since {since} (limit {limit:g} h)."
    severity = Severity.CRITICAL if critical else Severity.WARNING
    return verdict("checkpoint_age", hours <= limit, hours, limit, message, severity)


def _mirror(facts: RunFacts) -> CheckResult:
    error = facts.mirror_error
    message = f"The run is not mirrored to MLflow: {error}" if error else "The MLflow mirror has no error."
    return verdict("mlflow_mirror", error is None, error, None, message, Severity.WARNING)
