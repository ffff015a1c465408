"""Fill prices told from the equity: a candle without a fill shows the size of a position, one with it the price."""

from collections.abc import Iterator

import numpy as np

from include.core.checks import CheckResult
from include.environments.audit.roles import Probe
from include.environments.audit.rollout import ROUNDING, Rollout
from include.environments.audit.scenario import Scenario, Stage, scripted
from include.environments.audit.verdicts import NotApplicableError, verdict

_SEEDS = 8
_STEPS = 120
_GAP = 0.06
# sizes that differ by less are one size; prices that differ by less are one price
_SAME = 1e-6


def fill_price(probe: Probe) -> CheckResult:
    """Every fill lies inside its candle, or at the close of the decision, also where a candle opens beyond a stop."""
    name = "fill_price"
    stage = probe.require_stage()
    probe.require_costs()
    if probe.roles.exit is None:
        raise NotApplicableError("no action closes a position, so the size of a fill cannot be told")
    fills = 0
    for seed in range(_SEEDS):
        market = probe.free(_jumping(stage, seed))
        for opening in probe.roles.openings:
            stays = [probe.roles.stay(opening)] * 5
            played = probe.play(market, [opening, *stays, probe.roles.exit, probe.roles.exit] * (_STEPS // 8))
            for step, price in _fills(played, market, stage):
                low, high = market.low[stage.first + step], market.high[stage.first + step]
                if not _is_possible(price, low, high, market.close[stage.first + step - 1]):
                    message = f"A fill in step {step} at {price:.4f} lies outside its candle, {low:.4f} to {high:.4f}."
                    return verdict(name, False, message, price, f"{low:.4f} to {high:.4f}")
                fills += 1
    if not fills:
        raise NotApplicableError("no fill could be told from the equity")
    return verdict(
        name, True, f"{fills:,} fills, many in candles that open far from the last close, lie inside theirs.", fills
    )


def _is_possible(price: float, low: float, high: float, decision_close: float) -> bool:
    return low * (1.0 - _SAME) <= price <= high * (1.0 + _SAME) or abs(price / decision_close - 1.0) <= _SAME


def _jumping(stage: Stage, seed: int) -> Scenario:
    rng = np.random.default_rng(seed)
    changes = rng.normal(0.0, 0.01, _STEPS).tolist()
    # in the script above, the fourth candle of eight always finds a position
    gaps = {number: float(rng.choice((-_GAP, _GAP))) for number in range(3, _STEPS, 8)}
    wicks = {number: (float(rng.uniform(0, 0.01)), float(rng.uniform(0, 0.01))) for number in range(_STEPS)}
    return scripted(stage, changes, gaps=gaps, wicks=wicks, seed=seed)


def _fills(played: Rollout, market: Scenario, stage: Stage) -> Iterator[tuple[int, float]]:
    """Yield step and price of every exit whose size is known from before, and of every entry whose size shows after."""
    close = market.close[stage.first - 1 : stage.first + len(played)]
    # one that draws its own start may go on where the market that it was given is over
    changes = played.changes[: len(close) - 1]
    sizes = changes / np.diff(close)
    is_same = np.abs(np.diff(sizes)) <= _SAME * np.abs(sizes[1:])
    is_held = np.abs(changes) > ROUNDING * float(played.equity[0])
    for step in range(2, len(changes) - 2):
        if is_held[step - 1] and is_same[step - 2] and not is_same[step - 1]:
            yield step, float(close[step] + changes[step] / sizes[step - 1])
        elif not is_held[step - 1] and is_held[step] and is_held[step + 1] and is_same[step + 1]:
            yield step, float(close[step + 1] - changes[step] / sizes[step + 1])
