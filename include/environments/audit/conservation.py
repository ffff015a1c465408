"""Checks of the cash: nothing appears or vanishes at a standing price, and a higher fee leaves less.

Both work on the equity alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from include.core.checks import CheckResult
from include.environments.audit.roles import Probe
from include.environments.audit.rollout import ROUNDING, Rollout
from include.environments.audit.scenario import scripted
from include.environments.audit.verdicts import verdict

_RAMPS = (0.004, -0.004, 0.03, -0.03)
_RAMP_STEPS = 3
_STILL_STEPS = 12
_FEES = (0.0, 0.0005, 0.002)


def cash_conservation(probe: Probe) -> CheckResult:
    """A position is taken, the price moves and then stands still: from there on, no action changes the equity.

    Without costs, closing, halving or turning a position at the price at which it is valued is worth exactly nothing.
    Where costs cannot be switched off, equity may fall at a standing price, and only its rising fails.
    """
    name = "cash_conservation"
    stage = probe.require_stage()
    steps = 0
    for ramp in _RAMPS:
        market = probe.free(scripted(stage, [ramp] * _RAMP_STEPS))
        for actions in _attempts(probe):
            played = probe.play(market, actions)
            step = _changed_step(played, may_fall=not probe.subject.has_costs)
            if step is not None:
                change = float(played.changes[step] / abs(played.equity[step]))
                message = (
                    f"After action {actions[0]} and {_RAMP_STEPS} candles of {ramp:+.1%}, action {actions[step]} "
                    f"at a standing price {'adds' if change > 0.0 else 'takes'} {abs(change):.3%} of the equity."
                )
                return verdict(name, False, message, change, 0.0)
            steps += max(0, len(played) - _RAMP_STEPS)
    what = "No action changes" if probe.subject.has_costs else "Costs cannot be switched off; no action raises"
    return verdict(name, True, f"{what} the equity at a standing price, in {steps:,} steps.", 0.0, 0.0)


def costs_monotone(probe: Probe) -> CheckResult:
    """At a standing price the same actions leave less equity the higher the fee, in proportion to it."""
    name = "costs_monotone"
    stage = probe.require_stage()
    probe.require_costs()
    market = scripted(stage, [])
    for opening in probe.roles.openings:
        actions = [opening, probe.roles.stay(opening), probe.roles.leave(opening)] * 4
        plays = [probe.play(market.asking(fee=fee, slippage=0.0), actions) for fee in _FEES]
        left = [float(played.equity[-1] / played.equity[0]) for played in plays]
        shown = ", ".join(f"{fee:.2%}: {value:.4%}" for fee, value in zip(_FEES, left, strict=True))
        if not left[0] > left[1] > left[2]:
            message = f"The equity that action {opening} leaves does not fall with the fee ({shown})."
            return verdict(name, False, message, shown)
        # four times the fee is four times the loss, to first order
        ratio = (1.0 - left[2]) / (1.0 - left[1])
        if not np.isclose(ratio, _FEES[2] / _FEES[1], rtol=0.1):
            message = f"{_FEES[2] / _FEES[1]:.0f} times the fee costs {ratio:.2f} times as much ({shown})."
            return verdict(name, False, message, ratio, _FEES[2] / _FEES[1])
    return verdict(name, True, f"Equity falls with the fee, in proportion ({shown}).", shown)


def _attempts(probe: Probe) -> Iterator[Sequence[Any]]:
    roles = probe.roles
    for opening in roles.openings:
        stay = roles.stay(opening)
        before = [opening] + [stay] * (_RAMP_STEPS - 1)
        for number, action in enumerate(roles.candidates):
            yield [*before, action, stay, action, action]
            yield [*before, *probe.random(number, _STILL_STEPS)]


def _changed_step(played: Rollout, *, may_fall: bool) -> int | None:
    for step in range(_RAMP_STEPS, len(played)):
        change = float(played.changes[step] / abs(played.equity[step]))
        if change > ROUNDING or (change < -ROUNDING and not may_fall):
            return step
    return None
