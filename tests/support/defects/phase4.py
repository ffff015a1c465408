"""phase4 with the defects of the original systems planted in it, one each."""

from typing import Any

import numpy as np
from gymnasium import spaces

from include.environments.phase4.account import Account
from include.environments.phase4.env import Phase4Env


class _WithAccount(Phase4Env):
    account_type: type[Account] = Account

    def _begin(self) -> None:
        self._account = self.account_type(self.system.account)
        super()._begin()


class _WithBonus(Phase4Env):
    name = "bonus"

    def _bonus(self) -> float:
        raise NotImplementedError

    def _reward(self, terminated: bool) -> tuple[float, dict[str, float]]:
        total, components = super()._reward(terminated)
        bonus = self._bonus()
        limit = self.system.reward.clip
        return float(np.clip(total + bonus, -limit, limit)), components | {self.name: bonus}


class _PaysMarginTwice(Account):
    __slots__ = ()

    def _close(self, price: float, time: int, reason: str) -> None:
        margin = abs(self.quantity) * self.entry_price / self.config.max_leverage
        super()._close(price, time, reason)
        self.balance += margin


class DoublesMoneyOnClose(_WithAccount):
    """Closing pays the margin back that opening never took."""

    account_type = _PaysMarginTwice


class _DropsHalf(Account):
    __slots__ = ()

    def _reduce(self, candle: Any) -> None:
        self.quantity *= 0.5


class ForgetsHalf(_WithAccount):
    """REDUCE_50 drops the profit or loss of the half, and its fee."""

    account_type = _DropsHalf


class _PaidByFunding(Account):
    __slots__ = ()

    def _pay_funding(self, amount: float) -> None:
        super()._pay_funding(-amount)


class TurnsFundingRound(_WithAccount):
    """Longs receive a positive rate."""

    account_type = _PaidByFunding


class _Immortal(Account):
    __slots__ = ()

    def liquidation_price(self) -> float:
        return float("-inf") if self.quantity > 0.0 else float("inf")


class NeverLiquidates(_WithAccount):
    """No price liquidates a position."""

    account_type = _Immortal


class SeesNextCandle(Phase4Env):
    """The market features are those of the row that the decision is filled in."""

    def _observe(self) -> np.ndarray:
        observation = super()._observe()
        tape = self._tape
        observation[: self._market_count] = tape.features[min(self._row + 1, len(tape.features) - 1)]
        return observation


class DeclaresAnotherShape(Phase4Env):
    """The space has ten features fewer than the observation."""

    def __init__(self, *arguments: Any, **episodes: Any) -> None:
        super().__init__(*arguments, **episodes)
        size = self.observation_space.shape[0] - 10
        self.observation_space = spaces.Box(-10_000.0, 10_000.0, (size,), np.float32)


class PaysForStayingFlat(_WithBonus):
    """Waiting in a drawdown is rewarded."""

    def _bonus(self) -> float:
        return 0.15 if self._account.quantity == 0.0 and self._track.drawdown > 0.005 else 0.0


class PaysForTrading(_WithBonus):
    """Every fill is rewarded, with more than it costs."""

    def _begin(self) -> None:
        super()._begin()
        self._traded = 0.0

    def _bonus(self) -> float:
        traded, self._traded = self._account.traded_usd - self._traded, self._account.traded_usd
        return 1.0 if traded > 0.0 else 0.0
