"""The training alerts on learning: rewards, KL divergence, losses, entropy, clip fraction."""

import math

import numpy as np
from numpy.typing import NDArray

from include.config.system import AlertConfig
from include.core.checks import CheckResult, Severity
from include.training.facts import RunFacts, improvement, last, reward_trend
from include.training.verdicts import not_yet, undefined, verdict

LOSS_COLUMNS = ("policy_loss", "value_loss", "entropy", "approx_kl")
RECENT_UPDATES = 10
RECENT_EPISODES = 100
MIN_EPISODES = 10


def learning_checks(facts: RunFacts, limits: AlertConfig) -> list[CheckResult]:
    """Return one result per learning alert.

    The reward trend, the improvement and the episode reward are silent before
    `limits.volatile_steps`. Spikes are looked for in the last ten updates, episode statistics in the
    last hundred episodes, so that an alert ends when its cause does.
    """
    return [
        _reward_trend(facts, limits),
        _no_improvement(facts, limits),
        _kl_divergence(facts, limits),
        _loss(facts, "policy_loss", limits.policy_loss),
        _loss(facts, "value_loss", limits.value_loss),
        _episode_reward(facts, limits),
        _win_rate(facts, limits),
        _drawdown(facts, limits),
        _entropy(facts, limits),
        _clip_fraction(facts, limits),
    ]


def _reward_trend(facts: RunFacts, limits: AlertConfig) -> CheckResult:
    if (silence := _volatile("reward_trend", facts, limits)) is not None:
        return silence
    trend = reward_trend(facts.episodes, limits.reward_trend_window_steps)
    if trend is None:
        return not_yet("reward_trend", "too few episodes have ended for a trend")
    critical = trend.slope < limits.reward_trend_critical
    limit = limits.reward_trend_critical if critical else limits.reward_trend_warning
    passed = not (trend.slope < limit and trend.is_falling)
    message = (
        f"Reward trend {trend.slope:+.5f} ± {trend.standard_error:.5f} per step over {trend.episodes} episodes"
        f" (limit {limit:g}, counted when beyond two standard errors)."
    )
    return verdict(
        "reward_trend", passed, trend.slope, limit, message, Severity.CRITICAL if critical else Severity.WARNING
    )


def _no_improvement(facts: RunFacts, limits: AlertConfig) -> CheckResult:
    if (silence := _volatile("no_improvement", facts, limits)) is not None:
        return silence
    gain = improvement(facts.convergence, limits.no_improvement_steps)
    if gain is None:
        return not_yet("no_improvement", f"fewer than {limits.no_improvement_steps:,} steps to compare")
    window = f"the last {limits.no_improvement_steps:,} steps"
    message = f"Best reward changed by {gain:+.4f} in {window} (at least {limits.no_improvement:g})."
    return verdict(
        "no_improvement", gain >= limits.no_improvement, gain, limits.no_improvement, message, Severity.WARNING
    )


def _kl_divergence(facts: RunFacts, limits: AlertConfig) -> CheckResult:
    recent = facts.convergence["kl_divergence"][-RECENT_UPDATES:]
    if not len(recent):
        return not_yet("kl_divergence", "no update has ended yet")
    if not np.isfinite(recent).all():
        return undefined("kl_divergence", "KL divergence is NaN or infinite in a recent update")
    highest, critical = float(recent.max()), float(recent.max()) > limits.kl_critical
    limit = limits.kl_critical if critical else limits.kl_warning
    message = f"KL divergence at most {highest:.4f} in the last {len(recent)} updates (limit {limit:g})."
    severity = Severity.CRITICAL if critical else Severity.WARNING
    return verdict("kl_divergence", highest <= limit, highest, limit, message, severity)


def _loss(facts: RunFacts, column: str, limit: float) -> CheckResult:
    value = last(facts.updates, column)
    if value is None:
        return not_yet(column, "no update has ended yet")
    if not math.isfinite(value):
        return undefined(column, f"{_words(column)} of the last update is NaN or infinite")
    message = f"{_words(column)} {value:.4g} (limit {limit:g})."
    return verdict(column, abs(value) <= limit, value, limit, message, Severity.CRITICAL)


def _episode_reward(facts: RunFacts, limits: AlertConfig) -> CheckResult:
    if (silence := _volatile("episode_reward", facts, limits)) is not None:
        return silence
    recent = _recent(facts, "reward")
    if not len(recent):
        return not_yet("episode_reward", "no episode has ended yet")
    lowest = float(recent.min())
    message = f"Lowest reward of the last {len(recent)} episodes {lowest:.2f} (limit {limits.episode_reward:g})."
    passed = lowest >= limits.episode_reward
    return verdict("episode_reward", passed, lowest, limits.episode_reward, message, Severity.CRITICAL)


def _win_rate(facts: RunFacts, limits: AlertConfig) -> CheckResult:
    recent = _recent(facts, "win_rate")
    if len(recent) < MIN_EPISODES:
        return _no_episode_value(
            "training_win_rate", facts, f"fewer than {MIN_EPISODES} recent episodes closed a trade"
        )
    mean = float(recent.mean())
    message = (
        f"Mean win rate of the last {len(recent)} episodes with trades {mean:.1%} (at least {limits.win_rate:.0%})."
    )
    return verdict("training_win_rate", mean >= limits.win_rate, mean, limits.win_rate, message, Severity.WARNING)


def _drawdown(facts: RunFacts, limits: AlertConfig) -> CheckResult:
    recent = _recent(facts, "max_dd")
    if len(recent) < MIN_EPISODES:
        return _no_episode_value("training_drawdown", facts, "recent episodes have no drawdown")
    mean, worst = float(recent.mean()), float(recent.max())
    values = f"mean {mean:.1%}, worst {worst:.1%}"
    message = f"Drawdown of the last {len(recent)} episodes: {values} (mean at most {limits.max_drawdown:.0%})."
    passed = mean <= limits.max_drawdown
    return verdict("training_drawdown", passed, mean, limits.max_drawdown, message, Severity.WARNING)


def _entropy(facts: RunFacts, limits: AlertConfig) -> CheckResult:
    value, limit = last(facts.updates, "entropy"), limits.entropy_share * math.log(facts.info.actions)
    if value is None:
        return not_yet("entropy", "no update has ended yet")
    if not math.isfinite(value):
        return undefined("entropy", "the entropy of the last update is NaN or infinite")
    message = f"Policy entropy {value:.3f} of at most {math.log(facts.info.actions):.3f} (at least {limit:.3f})."
    return verdict("entropy", value >= limit, value, limit, message, Severity.WARNING)


def _clip_fraction(facts: RunFacts, limits: AlertConfig) -> CheckResult:
    value, low, high = last(facts.updates, "clip_fraction"), limits.clip_fraction_low, limits.clip_fraction_high
    if value is None:
        return not_yet("clip_fraction", "no update has ended yet")
    if not math.isfinite(value):
        return undefined("clip_fraction", "the clip fraction of the last update is undefined")
    message = f"Clip fraction {value:.3f} (usual {low:g} to {high:g})."
    return verdict("clip_fraction", low <= value <= high, value, f"{low:g} to {high:g}", message, Severity.INFO)


def _volatile(name: str, facts: RunFacts, limits: AlertConfig) -> CheckResult | None:
    if facts.timesteps >= limits.volatile_steps:
        return None
    return not_yet(name, f"silent before step {limits.volatile_steps:,}, now at {facts.timesteps:,}")


def _recent(facts: RunFacts, column: str) -> NDArray[np.float64]:
    values = facts.episodes[column][-RECENT_EPISODES:]
    return values[np.isfinite(values)]


def _no_episode_value(name: str, facts: RunFacts, reason: str) -> CheckResult:
    ended = len(facts.episodes["episode"])
    return (
        not_yet(name, f"{ended} of {MIN_EPISODES} episodes have ended")
        if ended < MIN_EPISODES
        else undefined(name, reason)
    )


def _words(column: str) -> str:
    return column.replace("_", " ").capitalize()
