"""A small futures environment that keeps honest books, for defects to be planted in. It knows nothing of ours."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from include.environments.audit.scenario import Scenario

HOLD, LONG, SHORT, CLOSE, REDUCE = range(5)
START = 1_000.0
LEVERAGE = 2.0
STOP = 0.03
FIRST_ROW = 60
OWN_FEE = 0.0005
RETURNS = 5


class LedgerEnv(gymnasium.Env):
    """Long and short at twice the equity, a fee per fill, funding, a stop 3 % from the entry, liquidation at zero.

    A decision at the close of a row is filled at the open of the next. The observation: the last five log
    returns, exposure, equity / start. The reward: change of the equity in percent of the start, −0.1 for an order
    that cannot be filled.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.market = scenario
        self.fee = OWN_FEE if scenario.fee is None else scenario.fee
        self.observation_space = spaces.Box(-100.0, 100.0, (RETURNS + 2,), np.float32)
        self.action_space = spaces.Discrete(5)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        room = 1 if self.market.is_fixed else 50
        self.row = FIRST_ROW + int(self.np_random.integers(room))
        self.cash, self.quantity, self.entry = START, 0.0, 0.0
        return self.observe(), {"equity": self.equity}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        before = self.equity
        self.row += 1
        self.is_refused = False
        self.fill(int(action), self.market.open[self.row])
        if self.quantity:
            self.live_through()
        terminated = bool(self.equity <= 0.2 * START)
        truncated = not terminated and self.row + 1 == len(self.market)
        components = self.components(int(action), before)
        info = {"equity": self.equity, "reward_components": components}
        return self.observe(), float(sum(components.values())), terminated, truncated, info

    @property
    def equity(self) -> float:
        return float(self.cash + self.quantity * (self.market.close[self.row] - self.entry))

    def observe(self) -> np.ndarray:
        closes = self.market.close[self.row - RETURNS : self.row + 1]
        exposure = self.quantity * self.market.close[self.row] / self.equity if self.equity > 0 else 0.0
        seen = [*np.diff(np.log(closes)), np.clip(exposure, -100, 100), np.clip(self.equity / START, -100, 100)]
        return np.array(seen, dtype=np.float32)

    def components(self, action: int, before: float) -> dict[str, float]:
        return {"pnl": 100 * (self.equity - before) / START, "refused": -0.1 if self.is_refused else 0.0}

    def fill(self, action: int, price: float) -> None:
        if action in (LONG, SHORT) and self.quantity == 0.0 and self.cash > 0.0:
            self.open(1.0 if action == LONG else -1.0, price)
        elif action == CLOSE and self.quantity:
            self.close_at(price)
        elif action == REDUCE and self.quantity:
            self.reduce(price)
        else:
            self.is_refused = action != HOLD

    def open(self, side: float, price: float) -> None:
        self.quantity, self.entry = side * LEVERAGE * self.cash / price, price
        self.charge(self.quantity, price)

    def close_at(self, price: float) -> None:
        self.cash += self.quantity * (price - self.entry)
        self.charge(self.quantity, price)
        self.quantity = 0.0

    def reduce(self, price: float) -> None:
        half = 0.5 * self.quantity
        self.cash += half * (price - self.entry)
        self.charge(half, price)
        self.quantity -= half

    def charge(self, quantity: float, price: float) -> None:
        self.cash -= self.fee * abs(quantity) * price

    def live_through(self) -> None:
        row, market = self.row, self.market
        level = max if self.quantity > 0 else min
        levels = [self.liquidation_price()] + ([self.stop_price()] if market.has_exits else [])
        adverse = level(levels)
        if (self.quantity > 0 and market.low[row] <= adverse) or (self.quantity < 0 and market.high[row] >= adverse):
            self.close_at(self.exit_price(adverse, market.open[row]))
        else:
            self.pay_funding(self.quantity * market.close[row] * market.funding_rate[row])

    def stop_price(self) -> float:
        return self.entry * (1.0 - STOP if self.quantity > 0 else 1.0 + STOP)

    def liquidation_price(self) -> float:
        # where nothing is left of the account
        return self.entry - self.cash / self.quantity

    def exit_price(self, level: float, opened: float) -> float:
        return min(level, opened) if self.quantity > 0 else max(level, opened)

    def pay_funding(self, amount: float) -> None:
        self.cash -= amount
