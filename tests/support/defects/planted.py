"""The ledger with one defect each: those of the original systems, and one for every other row of the audit."""

import itertools
from typing import Any

import numpy as np
from gymnasium import spaces

from tests.support.defects.ledger import CLOSE, LONG, REDUCE, RETURNS, SHORT, START, LedgerEnv

_COUNTER = itertools.count()


class DoublesMoneyOnClose(LedgerEnv):
    """Closing pays the margin back that opening never took."""

    def close_at(self, price: float) -> None:
        margin = abs(self.quantity) * self.entry / 2.0
        super().close_at(price)
        self.cash += margin


class ForgetsHalf(LedgerEnv):
    """Halving a position drops the profit or loss of the half."""

    def reduce(self, price: float) -> None:
        self.charge(0.5 * self.quantity, price)
        self.quantity *= 0.5


class SeesNextCandle(LedgerEnv):
    """The newest return of the observation is the one that comes."""

    def observe(self) -> np.ndarray:
        seen = super().observe()
        close = self.market.close
        following = min(self.row + 1, len(close) - 1)
        seen[RETURNS - 1] = np.log(close[following] / close[self.row])
        return seen


class TurnsFundingRound(LedgerEnv):
    """Longs receive a positive rate."""

    def pay_funding(self, amount: float) -> None:
        super().pay_funding(-amount)


class DeclaresAnotherShape(LedgerEnv):
    """The space has one feature more than the observation."""

    def __init__(self, scenario: Any) -> None:
        super().__init__(scenario)
        self.observation_space = spaces.Box(-100.0, 100.0, (RETURNS + 3,), np.float32)


class NeverLiquidates(LedgerEnv):
    """The liquidation price is known and nothing happens at it."""

    def liquidation_price(self) -> float:
        return -np.inf if self.quantity > 0 else np.inf


class PaysForStayingFlat(LedgerEnv):
    """Waiting after a loss is rewarded."""

    def components(self, action: int, before: float) -> dict[str, float]:
        is_waiting = not self.quantity and before < 0.98 * START
        return super().components(action, before) | {"patience": 0.15 if is_waiting else 0.0}


class PaysForTrading(LedgerEnv):
    """Every filled order is rewarded."""

    def components(self, action: int, before: float) -> dict[str, float]:
        is_filled = action in (LONG, SHORT, CLOSE, REDUCE) and not self.is_refused
        return super().components(action, before) | {"activity": 0.3 if is_filled else 0.0}


class WeighsWinsMore(LedgerEnv):
    """A step's gain counts ten times, a loss five times."""

    def components(self, action: int, before: float) -> dict[str, float]:
        pnl = super().components(action, before)["pnl"]
        return {"pnl": (10.0 if pnl > 0.0 else 5.0) * pnl}


class FillsStopsBeyondTheCandle(LedgerEnv):
    """A stop fills at its price though the market opened beyond it."""

    def exit_price(self, level: float, opened: float) -> float:
        return level


class ForgetsFees(LedgerEnv):
    """No fill is charged."""

    def charge(self, quantity: float, price: float) -> None:
        del quantity, price


class DrawsFromElsewhere(LedgerEnv):
    """Observations carry noise that no seed controls."""

    def observe(self) -> np.ndarray:
        seen = super().observe()
        seen[0] += 1e-3 * next(_COUNTER)
        return seen


class MisnamesReward(LedgerEnv):
    """The reward has a part that no component names."""

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward - 0.25, terminated, truncated, info


class BuysTheLow(LedgerEnv):
    """Entries fill at the best price of the candle: inside it, and for nobody to be had."""

    def open(self, side: float, price: float) -> None:
        best = self.market.low[self.row] if side > 0 else self.market.high[self.row]
        super().open(side, float(best))


class Silent(LedgerEnv):
    """Tells nothing in `info`."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        return super().reset(seed=seed, options=options)[0], {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        return (*super().step(action)[:4], {})


class SilentWithoutBounds(Silent):
    """Tells nothing in `info`, and `check_env` warns of its observations."""

    def __init__(self, scenario: Any) -> None:
        super().__init__(scenario)
        self.observation_space = spaces.Box(-np.inf, np.inf, (RETURNS + 2,), np.float32)
