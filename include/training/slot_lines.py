"""The lines that every check of the day shares: status, log files, convergence, checkpoints, alerts."""

from datetime import datetime, timedelta

from include.config.system import AlertConfig
from include.core.checks import CheckReport, Severity
from include.core.clock import format_utc
from include.training.facts import RunFacts, Trend, last, reward_trend

OK, WARN, BAD = "✅", "⚠️", "❌"
UNKNOWN = "not known yet"


def run_line(facts: RunFacts) -> str:
    """Return which run this is about and how far it came."""
    info = facts.info
    reached = f"{facts.timesteps:,} / {info.total_timesteps:,} steps"
    if facts.is_training:
        return f"🏃 Training: {info.run_id}, {reached}, since {format_utc(info.started_at)}"
    ended = f", ended {format_utc(info.ended_at)}" if info.ended_at else ""
    state = "interrupted" if info.status == "running" else info.status
    return f"⏸ No training is running. Latest run: {info.run_id}, {state}, {reached}{ended}"


def status_lines(facts: RunFacts, report: CheckReport, limits: AlertConfig, now: datetime) -> list[str]:
    """Return the five lines that the operations checklist expects of every check."""
    return [
        _overall(report),
        _log_files(facts),
        f"📈 Convergence: reward {trend_words(facts, limits)}, KL {kl_words(facts, limits)}",
        f"💾 Checkpoints: {checkpoint_words(facts, now)}",
        _alerts(report),
    ]


def trend_of(facts: RunFacts, limits: AlertConfig) -> Trend | None:
    """Return the reward trend over the window of the alerts, None while it is not known."""
    return reward_trend(facts.episodes, limits.reward_trend_window_steps)


def trend_words(facts: RunFacts, limits: AlertConfig) -> str:
    """Return the reward trend per step and what it means; within two standard errors of zero it is flat."""
    trend = trend_of(facts, limits)
    if trend is None:
        return UNKNOWN
    word = f"{OK} positive" if trend.is_rising else f"{BAD} negative" if trend.is_falling else f"{WARN} flat"
    return f"{trend.slope:+.5f} per step ({word})"


def kl_words(facts: RunFacts, limits: AlertConfig) -> str:
    """Return the KL divergence of the last update and its band."""
    value = last(facts.convergence, "kl_divergence")
    if value is None:
        return UNKNOWN
    low, high = f"{limits.kl_warning:g}", f"{limits.kl_critical:g}"
    if value <= limits.kl_warning:
        return f"{value:.4f} ({OK} < {low})"
    return f"{value:.4f} ({WARN} {low}-{high})" if value <= limits.kl_critical else f"{value:.4f} ({BAD} > {high})"


def checkpoint_words(facts: RunFacts, now: datetime) -> str:
    """Return how many checkpoints there are and how old the newest is."""
    if facts.saved_at is None:
        return "none saved yet"
    return f"{len(facts.checkpoints)} saved, latest {hours_since(facts.saved_at, now):.1f} h ago"


def hours_since(instant: datetime, now: datetime) -> float:
    """Return the hours from `instant` to `now`, never below 0."""
    return max(0.0, (now - instant) / timedelta(hours=1))


def _overall(report: CheckReport) -> str:
    worst = {failure.severity for failure in report.failures}
    if Severity.CRITICAL in worst:
        return f"{BAD} Overall Status: CRITICAL"
    return f"{WARN} Overall Status: WARNING" if Severity.WARNING in worst else f"{OK} Overall Status: OK"


def _log_files(facts: RunFacts) -> str:
    problems = "; ".join(facts.log_problems)
    return f"{BAD} Log Files: {problems}" if problems else f"{OK} Log Files: All present"


def _alerts(report: CheckReport) -> str:
    critical = [failure.name for failure in report.failures if failure.severity is Severity.CRITICAL]
    warnings = [failure.name for failure in report.failures if failure.severity is Severity.WARNING]
    named = f" (warnings: {', '.join(warnings)})" if warnings else ""
    return f"🔔 Alerts: {', '.join(critical)}{named}" if critical else f"🔔 Alerts: No critical issues{named}"
