"""Checks that nothing is paid for nothing: no free money on a fair market, no reward for waiting or for trading."""

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, repeat
from typing import Any

import numpy as np

from include.core.checks import CheckResult
from include.environments.audit.roles import Probe
from include.environments.audit.rollout import Rollout, play
from include.environments.audit.scenario import Scenario, Stage, scripted
from include.environments.audit.verdicts import NotApplicableError, verdict

_STEPS = 200
# the standard errors by which a mean must be beyond its limit before luck is ruled out
_BEYOND = 3.0
# shares beyond this are shown with an exponent: a defect can double an account hundreds of times
_LEGIBLE = 100.0
_MOVE = 0.02
_FLAT_STEPS = 20
FLAT = "staying flat"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy made of the fair markets: one mean per pair of a market and its mirror.

    Attributes
    ----------
    gains : float64 (pairs,)
        Change of the equity over the episode, a fraction of its start.
    rewards : float64 (pairs,)
        Sum of the rewards of the episode.
    """

    gains: Any
    rewards: Any


class FairPlay:
    """The episodes of every policy on the same fair markets, played once and looked at by two checks."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._outcomes: dict[str, Outcome] = {}

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Outcome by policy."""
        if not self._outcomes:
            self._outcomes = self._play()
        return self._outcomes

    def _play(self) -> dict[str, Outcome]:
        probe = self._probe
        stage = probe.require_stage()
        seen: dict[str, list[list[tuple[float, float]]]] = {}
        for number in range(probe.pairs):
            for is_mirrored in (False, True):
                market = probe.fair(2 + number, is_mirrored=is_mirrored)
                env = probe.subject.make(market)
                for policy, actions in _policies(probe, stage, market, number):
                    played = play(env, actions, number, steps=_STEPS)
                    if is_mirrored:
                        seen[policy][-1].append(_outcome(played))
                    else:
                        seen.setdefault(policy, []).append([_outcome(played)])
        means = {policy: np.array(pairs).mean(axis=1) for policy, pairs in seen.items()}
        return {policy: Outcome(values[:, 0], values[:, 1]) for policy, values in means.items()}


def no_free_money(probe: Probe, fair: FairPlay) -> CheckResult:
    """On a driftless market no policy's mean equity ends above its start, beyond error bars."""
    name = "no_free_money"
    probe.require_stage()
    worst, shown = -math.inf, ""
    for policy, outcome in fair.outcomes.items():
        if policy == FLAT:
            continue
        mean, error = _mean(outcome.gains)
        beyond = (mean - 1e-9) / error if error > 0.0 else math.copysign(math.inf, mean - 1e-9)
        if beyond > worst:
            worst, shown = beyond, f"{policy}: {_percent(mean)} ± {_percent(error).lstrip('+')}"
    episodes = f"{2 * probe.pairs} episodes on driftless markets"
    if worst > _BEYOND:
        return verdict(name, False, f"Money for nothing in {episodes}: {shown}.", worst, _BEYOND)
    return verdict(name, True, f"In {episodes} no policy gains beyond luck; the best is {shown}.", worst, _BEYOND)


def trading_below_flat(probe: Probe, fair: FairPlay) -> CheckResult:
    """On a driftless market always-in, churning and random policies earn less reward than staying flat."""
    name = "trading_below_flat"
    probe.require_stage()
    outcomes = fair.outcomes
    if FLAT not in outcomes:
        raise NotApplicableError("no action leaves a flat account flat")
    flat = outcomes[FLAT].rewards
    told, failures = [], []
    for policy in (policy for policy in outcomes if policy != FLAT and not policy.startswith("after ")):
        mean, error = _mean(outcomes[policy].rewards - flat)
        text = f"{policy} {mean:+.3g} ± {error:.2g}"
        told.append(text)
        # less, or so near that luck may have made the difference
        if mean >= 0.0 and mean >= _BEYOND * error:
            failures.append(text)
    if failures:
        return verdict(name, False, f"Earns no less than staying flat: {', '.join(failures)}.", failures[0], FLAT)
    return verdict(name, True, f"Beyond luck none earns more than {FLAT}; the differences: {', '.join(told)}.")


def flat_unpaid(probe: Probe) -> CheckResult:
    """A flat account earns nothing by waiting: at its start, after a gain, after a loss."""
    name = "flat_unpaid"
    stage = probe.require_stage()
    roles = probe.roles
    if roles.exit is None or roles.idle is None:
        raise NotApplicableError("no action leaves a position and then stays flat")
    scale = _reward_scale(probe, stage)
    waiting = [roles.idle] * _FLAT_STEPS
    for opening in roles.openings:
        side = 1.0 if opening is roles.long else -1.0
        for what, change in (("at the start", 0.0), ("after a gain", _MOVE * side), ("after a loss", -_MOVE * side)):
            before = [opening, *[roles.stay(opening)] * 3, roles.exit] if change else []
            played = probe.play(scripted(stage, [0.0, change, change, change]), [*before, *waiting])
            paid = played.rewards[len(before) :]
            if len(paid) and paid.max() > 1e-6 * scale:
                message = f"Staying flat {what} earns {paid.sum():.4g} in {len(paid)} steps in which nothing is held."
                return verdict(name, False, message, float(paid.sum()), 0.0)
    return verdict(name, True, "Staying flat earns nothing, at the start, after a gain and after a loss.", 0.0, 0.0)


def churning_unpaid(probe: Probe) -> CheckResult:
    """At a standing price nothing can be earned: no trade is rewarded without costs, and with costs trading loses."""
    name = "churning_unpaid"
    stage = probe.require_stage()
    still = scripted(stage, [])
    scale = _reward_scale(probe, stage)
    flat = None if probe.roles.idle is None else probe.play(still, [probe.roles.idle] * 30)
    for opening in probe.roles.openings:
        turns = [opening, probe.roles.leave(opening)] * 15
        if probe.subject.has_costs:
            paid = probe.play(probe.free(still), turns)
            if len(paid) and paid.rewards.max() > 1e-6 * scale:
                message = f"A trade at a standing price without costs earns {paid.rewards.max():.4g}."
                return verdict(name, False, message, float(paid.rewards.max()), 0.0)
        if flat is not None:
            churned = probe.play(still, turns)
            steps = min(len(churned), len(flat))
            more = float(churned.rewards[:steps].sum() - flat.rewards[:steps].sum())
            if more > 1e-6 * scale:
                message = f"{steps} steps of trading at a standing price earn {more:.4g} more than {FLAT}."
                return verdict(name, False, message, more, 0.0)
    return verdict(
        name, True, "At a standing price no trade earns anything, and trading earns no more than staying flat."
    )


def _policies(probe: Probe, stage: Stage, market: Scenario, number: int) -> Iterator[tuple[str, Any]]:
    roles = probe.roles
    if roles.idle is not None:
        yield FLAT, repeat(roles.idle)
    yield "random", probe.random(number, _STEPS)
    for opening in roles.openings:
        side, out = roles.side(opening), roles.leave(opening)
        yield f"always {side}", _always_in(opening, roles.stay(opening))
        yield f"churning {side}", cycle([opening, out])
        # the last candle that a decision may know is the one before the candle that its step plays
        known = slice(stage.first - 1, stage.first - 1 + _STEPS)
        rose = (market.close[known] > market.open[known]).tolist()
        yield f"after a rise {side}", [opening if up else out for up in rose]
        yield f"after a fall {side}", [out if up else opening for up in rose]


def _always_in(opening: Any, stay: Any) -> Generator[Any, bool, None]:
    # a stop may have closed the position: an equity that stands still says so
    is_moving = yield opening
    while True:
        is_moving = yield stay if is_moving else opening


def _reward_scale(probe: Probe, stage: Stage) -> float:
    # the size of a usual reward: an account that is in the market while the price moves
    moved = probe.play(scripted(stage, [0.005, -0.005] * 5), [probe.roles.openings[0]] * 10).rewards
    return max(float(np.abs(moved).max(initial=0.0)), 1e-12)


def _outcome(played: Rollout) -> tuple[float, float]:
    return float(played.equity[-1] / played.equity[0] - 1.0), float(played.rewards.sum())


def _percent(share: float) -> str:
    return f"{share:+.3%}" if abs(share) < _LEGIBLE else f"{100.0 * share:+.3g}%"


def _mean(values: Sequence[float]) -> tuple[float, float]:
    array = np.asarray(values)
    return float(array.mean()), float(array.std(ddof=1) / math.sqrt(len(array))) if len(array) > 1 else math.inf
