"""The convergence review: the operating documents' five indicators, what they expect of each, and a verdict."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.config.system import AlertConfig
from include.training.facts import RunFacts
from include.training.slot_lines import BAD, OK, UNKNOWN, WARN, trend_of
from include.training.watch_learning import RECENT_UPDATES

_HALF_WINDOW = 100
# a value loss that changes less from one half of its recent updates to the other has settled
_SETTLED = 0.1
# the documents' epoch 5-10; an update has n_epochs of them, and losses are recorded by update
_SETTLES_AFTER = 10
_MARKS = {True: OK, False: WARN, None: "⏳"}


class Indicator(NamedTuple):
    """One convergence indicator.

    Attributes
    ----------
    name, expectation, seen : str
        What it is called, what the documents expect, and what was seen.
    mark : str
        ✅ as expected, ⚠️ not as expected, ❌ an alert, ⏳ not judged yet.
    """

    name: str
    expectation: str
    seen: str
    mark: str

    @property
    def line(self) -> str:
        """The indicator as people read it."""
        return f"- {self.mark} {self.name} (should {self.expectation}): {self.seen}"


def indicators(facts: RunFacts, limits: AlertConfig) -> list[Indicator]:
    """Return the five indicators in the documents' order."""
    return [
        _reward_trend(facts, limits),
        _kl_divergence(facts, limits),
        _episode_rewards(facts, limits),
        _value_loss(facts),
        _policy_entropy(facts, limits),
    ]


def _reward_trend(facts: RunFacts, limits: AlertConfig) -> Indicator:
    name, expectation = "Reward trend", f"be ≥ 0, ideally {-limits.reward_trend_warning:+g} per step"
    trend = trend_of(facts, limits)
    if trend is None:
        return Indicator(name, expectation, UNKNOWN, _MARKS[None])
    seen = f"{trend.slope:+.5f} ± {trend.standard_error:.5f} per step"
    if _is_volatile(facts, limits):
        return Indicator(name, expectation, f"{seen}, volatile before step {limits.volatile_steps:,}", _MARKS[None])
    mark = BAD if trend.is_falling and trend.slope < limits.reward_trend_critical else _MARKS[not trend.is_falling]
    return Indicator(name, expectation, seen, mark)


def _kl_divergence(facts: RunFacts, limits: AlertConfig) -> Indicator:
    name, expectation = "KL divergence", f"stay < {limits.kl_warning:g}"
    recent = facts.convergence["kl_divergence"][-RECENT_UPDATES:]
    if not len(recent):
        return Indicator(name, expectation, UNKNOWN, _MARKS[None])
    highest = float(np.max(recent)) if np.isfinite(recent).all() else math.inf
    mark = BAD if highest > limits.kl_critical else _MARKS[highest <= limits.kl_warning]
    return Indicator(name, expectation, f"at most {highest:.4f} in the last {len(recent)} updates", mark)


def _episode_rewards(facts: RunFacts, limits: AlertConfig) -> Indicator:
    name = "Episode rewards"
    expectation = f"increase over time, the first {limits.volatile_steps // 1000}k steps are volatile"
    then, now, seen = _then_and_now(_known(facts.episodes["reward"]), ".2f")
    if then is None or now is None or _is_volatile(facts, limits):
        return Indicator(name, expectation, seen, _MARKS[None])
    return Indicator(name, expectation, seen, _MARKS[now > then])


def _value_loss(facts: RunFacts) -> Indicator:
    losses = _known(facts.updates["value_loss"])
    name, expectation = "Value function loss", "stabilise around epoch 5-10"
    _, _, seen = _then_and_now(losses, ".4f")
    recent = losses[_SETTLES_AFTER:][-2 * RECENT_UPDATES :]
    if len(recent) < RECENT_UPDATES:
        return Indicator(name, expectation, seen, _MARKS[None])
    half = len(recent) // 2
    first, second = float(recent[:half].mean()), float(recent[half:].mean())
    change = (second - first) / abs(first) if first else float(second != 0.0)
    # falling is still learning, rising is not what is hoped for
    return Indicator(name, expectation, f"{seen}, now {change:+.0%}", _MARKS[change <= _SETTLED])


def _policy_entropy(facts: RunFacts, limits: AlertConfig) -> Indicator:
    name, expectation = "Policy entropy", "decrease gradually"
    known = _known(facts.updates["entropy"])
    then, now, seen = _then_and_now(known, ".3f")
    if then is None or now is None:
        return Indicator(name, expectation, seen, _MARKS[None])
    lowest = limits.entropy_share * math.log(facts.info.actions)
    if known[-1] < lowest:
        return Indicator(name, expectation, f"{seen}, collapsed below {lowest:.3f}", BAD)
    return Indicator(name, expectation, seen, _MARKS[now <= then])


def _is_volatile(facts: RunFacts, limits: AlertConfig) -> bool:
    return facts.timesteps < limits.volatile_steps


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.isfinite(values)]


def _then_and_now(values: NDArray[np.float64], style: str) -> tuple[float | None, float | None, str]:
    """Return the means of the first and the last values, at most a hundred each, and both in words."""
    if len(values) < 2:
        return None, None, UNKNOWN
    window = min(_HALF_WINDOW, len(values) // 2)
    then, now = float(values[:window].mean()), float(values[-window:].mean())
    return then, now, f"{format(then, style)} → {format(now, style)} (mean of {window})"
