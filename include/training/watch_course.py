"""The training alerts on the course as a whole: convergence, overfitting, absurd magnitudes."""

import numpy as np
from numpy.typing import NDArray

from include.config.system import AlertConfig
from include.core.checks import CheckResult, Severity
from include.training.facts import RunFacts, improvement, train_validation_gap
from include.training.logs import Columns
from include.training.verdicts import not_yet, undefined, verdict
from include.training.watch_learning import LOSS_COLUMNS, RECENT_EPISODES, RECENT_UPDATES

# a value loss that changes less from one half of the window to the other has settled
_SETTLED = 0.1
_MIN_UPDATES = 4


def course_checks(facts: RunFacts, limits: AlertConfig) -> list[CheckResult]:
    """Return one result per alert on the course of a training."""
    return [_convergence(facts, limits), _overfitting(facts, limits), _magnitudes(facts, limits)]


def _convergence(facts: RunFacts, limits: AlertConfig) -> CheckResult:
    window = limits.no_improvement_steps
    gain = improvement(facts.convergence, window)
    recent = _within(facts.updates, window)
    if gain is None or len(recent["timestep"]) < _MIN_UPDATES:
        return not_yet("convergence", f"fewer than {window:,} steps to compare")
    kl, change = float(recent["approx_kl"].mean()), _change(recent["value_loss"])
    if not np.isfinite([kl, change]).all():
        return undefined("convergence", "KL divergence or value loss is NaN or infinite in the window")
    signs = {
        f"best reward {gain:+.4f}": gain < limits.no_improvement,
        f"mean KL {kl:.4f}": kl <= limits.kl_warning,
        f"value loss {change:+.0%}": abs(change) < _SETTLED,
    }
    state = "converged" if all(signs.values()) else "still learning"
    values = ", ".join(f"{text} ({'settled' if settled else 'moving'})" for text, settled in signs.items())
    message = f"The training is {state} over {window:,} steps: {values}."
    return verdict("convergence", True, state, None, message, Severity.INFO)


def _overfitting(facts: RunFacts, limits: AlertConfig) -> CheckResult:
    rounds, limit = limits.overfitting_rounds, limits.overfitting_gap
    gap = train_validation_gap(facts.episodes, facts.validation, rounds)
    if gap is None:
        return not_yet("overfitting", f"fewer than {rounds} validation rounds with trades on both sides")
    values = f"{gap:+.1%} from validation's, mean of {rounds} rounds (at most {limit:+.0%})"
    message = f"Win rate in training {values}."
    return verdict("overfitting", gap <= limit, gap, limit, message, Severity.WARNING)


def _magnitudes(facts: RunFacts, limits: AlertConfig) -> CheckResult:
    if not len(facts.updates["timestep"]):
        return not_yet("magnitudes", "no update has ended yet")
    figures = {name: facts.updates[name][-RECENT_UPDATES:] for name in LOSS_COLUMNS}
    figures["episode reward"] = facts.episodes["reward"][-RECENT_EPISODES:]
    largest = {name: _largest(values) for name, values in figures.items()}
    worst = max(largest, key=lambda name: largest[name])
    limit = limits.absurd_magnitude
    message = f"Largest recent figure {largest[worst]:.4g}, of {worst} (limit {limit:g})."
    return verdict("magnitudes", largest[worst] <= limit, largest[worst], limit, message, Severity.CRITICAL)


def _largest(values: NDArray[np.float64]) -> float:
    # what is NaN is told by the alert on finite losses
    return float(np.max(np.abs(values[~np.isnan(values)]), initial=0.0))


def _within(columns: Columns, window_steps: int) -> Columns:
    steps = columns["timestep"]
    recent = steps > (steps[-1] - window_steps if len(steps) else 0)
    return {name: values[recent] for name, values in columns.items()}


def _change(values: NDArray[np.float64]) -> float:
    half = len(values) // 2
    first, second = float(values[:half].mean()), float(values[half:].mean())
    return (second - first) / abs(first) if first else float(second != 0.0)
