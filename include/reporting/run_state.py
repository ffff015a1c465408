"""How a run stands at one moment, in the few figures that the desk and the run's own page show live."""

from datetime import datetime
from pathlib import Path
from typing import Any

from include.config.system import SystemConfig
from include.core.checks import CheckResult
from include.training.facts import RunFacts, last, read_facts
from include.training.runs import RunInfo, read_config
from include.training.watch import evaluate_facts

INTERRUPTED = "interrupted"


def status_word(info: RunInfo, is_alive: bool) -> str:
    """Return the run's status; `interrupted` says that it never ended and nobody trains it."""
    return INTERRUPTED if info.status == "running" and not is_alive else info.status


def run_state(facts: RunFacts, system: SystemConfig, now: datetime) -> dict[str, Any]:
    """Return how the run stands, JSON-able.

    `share` is the fraction done; `speed` in steps per second over the newest attempt, `seconds_left` what it leaves
    (both None while unknown, and `seconds_left` of a run that nobody trains); `alerts` the failed checks,
    most severe first.
    """
    done, total = facts.timesteps, facts.info.total_timesteps
    speed = _speed(facts, now)
    is_training = facts.is_training
    return {
        "run_id": facts.info.run_id,
        "system": facts.info.system,
        "status": status_word(facts.info, facts.is_alive),
        "is_training": is_training,
        "timesteps": done,
        "total_timesteps": total,
        "share": min(1.0, done / total),
        "episodes": len(facts.episodes["episode"]),
        "speed": speed,
        "seconds_left": (total - done) / speed if is_training and speed else None,
        "reward": _finite(last(facts.convergence, "reward")),
        "kl": _finite(last(facts.convergence, "kl_divergence")),
        "best_score": facts.info.best_score,
        "best_timestep": facts.info.best_timestep,
        "alerts": [_alert(result) for result in evaluate_facts(facts, system.alerts, now).failures],
    }


def state_of(folder: Path, now: datetime) -> dict[str, Any]:
    """Return `run_state` of the run in `folder`."""
    return run_state(read_facts(folder), read_config(folder), now)


def _speed(facts: RunFacts, now: datetime) -> float | None:
    info = facts.info
    if not facts.is_training or not info.attempts:
        return info.steps_per_second
    attempt = info.attempts[-1]
    seconds = (now - attempt.started_at).total_seconds()
    steps = facts.timesteps - attempt.from_step
    return steps / seconds if steps > 0 and seconds > 0 else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None


def _alert(result: CheckResult) -> dict[str, str]:
    return {"name": result.name, "severity": str(result.severity), "message": result.message}
