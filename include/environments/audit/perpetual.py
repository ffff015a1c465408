"""Checks of what a perpetual does to a position that is only held: funding and liquidation."""

from typing import Any

import numpy as np

from include.core.checks import CheckResult
from include.environments.audit.roles import Probe
from include.environments.audit.rollout import ROUNDING
from include.environments.audit.scenario import Stage, scripted
from include.environments.audit.verdicts import NotApplicableError, verdict

_RATE = 0.001
_MOVE = 0.004
# a wick that takes this many times the account, and the least that still takes all of it
_BEYOND, _WHOLE = 1.3, 1.05
_DEEPEST = 0.97


def funding_sign(probe: Probe) -> CheckResult:
    """At a settlement a long pays a positive rate and receives a negative one, a short the reverse, on its notional."""
    name = "funding_sign"
    stage = probe.require_stage()
    paid = []
    for opening in probe.roles.openings:
        who = probe.roles.side(opening)
        for rate in (_RATE, -_RATE):
            got, expected, start = _settled(probe, stage, opening, rate)
            paid.append(abs(got) > ROUNDING * start)
            if not paid[-1]:
                continue
            if got * expected < 0.0:
                does = "receives" if got > 0.0 else "pays"
                message = f"A {who} {does} {abs(got):.4g} at a rate of {rate:+.2%}: the wrong way round."
                return verdict(name, False, message, got, expected)
            if not np.isclose(got, expected, rtol=0.02):
                message = f"A {who} is charged {-got:.4g} at a rate of {rate:+.2%}, its notional gives {-expected:.4g}."
                return verdict(name, False, message, got, expected)
    if not any(paid):
        raise NotApplicableError("the account pays no funding at all, as on a spot market")
    if not all(paid):
        return verdict(name, False, "Some settlements change the equity and others do not.", sum(paid), len(paid))
    message = "Longs pay a positive rate and receive a negative one, shorts the reverse, on their notional."
    return verdict(name, True, message, sum(paid), len(paid))


def liquidation(probe: Probe) -> CheckResult:
    """No position outlives a wick that costs more than the whole account."""
    name = "liquidation"
    stage = probe.require_stage()
    told, spared = [], []
    for opening in probe.roles.openings:
        who, leverage = probe.roles.side(opening), _leverage(probe, stage, opening)
        depth = min(_BEYOND / leverage, _DEEPEST) if who == "long" else _BEYOND / leverage
        subject = f"a {who} of {leverage:.2f} times the equity"
        if leverage * depth < _WHOLE:
            spared.append(f"{subject} cannot be liquidated")
        elif _outlives(probe, stage, opening, (depth, 0.0) if who == "long" else (0.0, depth)):
            message = f"{subject.capitalize()} outlives a wick of {depth:.0%} that costs more than the whole account."
            return verdict(name, False, message)
        else:
            told.append(f"{subject} does not outlive a wick of {depth:.0%}")
    if not told:
        raise NotApplicableError("; ".join(spared))
    return verdict(name, True, f"{'; '.join([*told, *spared])}.".capitalize())


def _settled(probe: Probe, stage: Stage, opening: Any, rate: float) -> tuple[float, float, float]:
    """Return what a settlement did to the equity, what it should do, and the equity at the start."""
    changes = [0.0, _MOVE, 0.0, 0.0]
    actions = [opening, *[probe.roles.stay(opening)] * 3]
    plain, funded = (probe.free(scripted(stage, changes, funding={2: due})) for due in (0.0, rate))
    without, paid = probe.play(plain, actions), probe.play(funded, actions)
    if min(len(without), len(paid)) < len(actions):
        raise NotApplicableError("an episode ends before a position can be held through a settlement")
    price = plain.close[stage.first + 2]
    # the change of the equity per change of the price is the signed size of the position
    size = float(without.changes[1]) / float(plain.close[stage.first + 1] - plain.close[stage.first])
    return float(paid.equity[-1] - without.equity[-1]), float(-size * price * rate), float(abs(paid.equity[0]))


def _leverage(probe: Probe, stage: Stage, opening: Any) -> float:
    market = probe.free(scripted(stage, [0.0, _MOVE])).asking(has_exits=False)
    played = probe.play(market, [opening, probe.roles.stay(opening)])
    if len(played) < 2 or played.changes[1] == 0.0:
        raise NotApplicableError(f"action {opening} took no position on the scripted candles")
    return abs(float(played.changes[1] / played.equity[1])) / _MOVE


def _outlives(probe: Probe, stage: Stage, opening: Any, wick: tuple[float, float]) -> bool:
    market = probe.free(scripted(stage, [0.0, 0.0, 0.0, 0.01, 0.01], wicks={2: wick})).asking(has_exits=False)
    played = probe.play(market, [opening, *[probe.roles.stay(opening)] * 4])
    # a position that is still there gains or loses with the candles after the wick
    after = np.abs(played.changes[3:])
    return bool(len(after) and played.equity[3] > 0.5 * played.equity[2] and after.max() > ROUNDING * played.equity[3])
