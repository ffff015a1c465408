"""The morning standup: every field of the operations checklist's DAILY STANDUP TEMPLATE."""

from datetime import datetime

from include.config.campaign import Campaign
from include.config.system import SystemConfig
from include.core.checks import CheckReport, Severity
from include.training.facts import RunFacts
from include.training.remedies import remedy
from include.training.slot_lines import BAD, OK, UNKNOWN, WARN, hours_since, kl_words, trend_words

_CONFIDENCE = {"GO": f"{OK} High", "PARTIAL-GO": f"{WARN} Medium", "NO-GO": f"{BAD} Low"}


def standup_headline(facts: RunFacts, system: SystemConfig, now: datetime) -> str:
    """Return the standup in one line: progress, reward trend, KL divergence, checkpoint, confidence."""
    total = facts.info.total_timesteps
    saved = "none" if facts.saved_at is None else f"{hours_since(facts.saved_at, now):.1f} h"
    decision = facts.info.best_decision
    return " · ".join(
        (
            f"{_thousands(facts.timesteps)} / {_thousands(total)} ({facts.timesteps / total:.0%})",
            f"reward {trend_words(facts, system.alerts)}",
            f"KL {kl_words(facts, system.alerts)}",
            f"checkpoint {saved}",
            f"confidence {_CONFIDENCE[decision] if decision else UNKNOWN}",
        )
    )


def standup_lines(
    facts: RunFacts, report: CheckReport, system: SystemConfig, campaign: Campaign, now: datetime
) -> list[str]:
    """Return the filled template, line by line; empty lines separate its sections."""
    return [
        f"DATE: {now:%d %b %Y}".upper(),
        f"TIME: {now:%H:%M} UTC",
        f"RESPONSIBLE: {campaign.owners['ml']}",
        "",
        "YESTERDAYS PROGRESS:",
        *_progress(facts, report, system, now),
        "",
        "TODAYS PLAN:",
        *_plan(facts, report),
        "",
        "BLOCKERS:",
        *_blockers(report),
        "",
        "CONFIDENCE LEVEL:",
        _confidence(facts, system),
    ]


def _progress(facts: RunFacts, report: CheckReport, system: SystemConfig, now: datetime) -> list[str]:
    total = facts.info.total_timesteps
    reached = f"{_thousands(facts.timesteps)} / {_thousands(total)} timesteps"
    issues = [failure.name for failure in report.failures if failure.severity is not Severity.INFO]
    return [
        f"- Training status: {reached} ({facts.timesteps / total:.0%})",
        f"- Reward trend: {trend_words(facts, system.alerts)}",
        f"- KL divergence: {kl_words(facts, system.alerts)}",
        f"- Last checkpoint: {_last_checkpoint(facts, now)}",
        f"- Issues: {f'{WARN} ' + ', '.join(issues) if issues else 'None'}",
    ]


def _plan(facts: RunFacts, report: CheckReport) -> list[str]:
    left = max(0, facts.info.total_timesteps - facts.timesteps)
    tuning = [remedy(failure.name).actions[0] for failure in report.failures if failure.severity is not Severity.INFO]
    return [
        _next_step(facts, left),
        "- Monitor convergence every 4 hours",
        f"- Any tuning needed? {'Yes: ' + '; '.join(dict.fromkeys(tuning)) if tuning else 'No'}",
    ]


def _next_step(facts: RunFacts, left: int) -> str:
    if facts.is_training:
        return f"- Continue training (target: {_thousands(left)} more steps)"
    if facts.info.status == "finished":
        return "- No training is running; revalidate the latest run or train a new one"
    return (
        f"- No training is running; start the training again (target: {_thousands(facts.info.total_timesteps)} steps)"
    )


def _blockers(report: CheckReport) -> list[str]:
    critical = [failure for failure in report.failures if failure.severity is Severity.CRITICAL]
    return [f"- {remedy(failure.name).title}" for failure in critical] or ["- None"]


def _confidence(facts: RunFacts, system: SystemConfig) -> str:
    count = len(system.gates)
    label = f"- On track for {system.decision.go}-{count}/{count} gates:"
    if facts.info.best_decision is None:
        return f"{label} {UNKNOWN}, no model has been validated"
    return (
        f"{label} {_CONFIDENCE[facts.info.best_decision]} ({facts.info.best_gates} of {count} on the validation split)"
    )


def _last_checkpoint(facts: RunFacts, now: datetime) -> str:
    if facts.saved_at is None:
        return "none yet"
    return f"{facts.checkpoints[-1].path.name} (age: {hours_since(facts.saved_at, now):.1f} hours)"


def _thousands(steps: int) -> str:
    return f"{steps / 1000:,.0f}k" if steps >= 1000 else str(steps)
