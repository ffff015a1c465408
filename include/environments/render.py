"""What a rendered episode shows, recorded while it is played; `include.reporting.episode_figure` draws it."""

from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from include.core.errors import MissingInputError
from include.environments.env import TradingEnv
from include.environments.phase4.account import Trade
from include.features.dataset import Dataset, SymbolSeries

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Episode:
    """One episode of n steps on one symbol, or what has been played of it.

    Attributes
    ----------
    system : str
        Name of the trading system.
    symbol : str
        Unified symbol.
    candles : SymbolSeries
        n + 1 rows: that of the first decision, then those that the steps played.
    candle_ms : int
        Length of a candle in milliseconds.
    equity : float64 (n + 1,)
        USD at each close.
    quantity : float64 (n + 1,)
        Signed position in base units at each close.
    components : dict of str to float64 (n,)
        Weighted reward components of each step, by name.
    trades : tuple of Trade
        Closed trades in order of exit.
    open_entry : (int, float) or None
        Row and price of the entry of a position that is still open.
    """

    system: str
    symbol: str
    candles: SymbolSeries
    candle_ms: int
    equity: Values
    quantity: Values
    components: dict[str, Values]
    trades: tuple[Trade, ...]
    open_entry: tuple[int, float] | None

    @property
    def exposure(self) -> Values:
        """Signed notional over equity at each close (n + 1,); 0 where nothing is left."""
        notional = self.quantity * self.candles.close
        return np.divide(notional, self.equity, out=np.zeros(len(notional)), where=self.equity > 0.0)

    @property
    def drawdown(self) -> Values:
        """Fall from the running peak of the equity (n + 1,), positive fractions."""
        fallen: Values = 1.0 - self.equity / np.maximum.accumulate(self.equity)
        return fallen


class EpisodeRecorder(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Keeps what the running episode of one of our environments shows; stepping stays the same.

    Parameters
    ----------
    env : Env
        Made by `make_env`.
    dataset : Dataset
        What it plays.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], dataset: Dataset) -> None:
        super().__init__(env)
        if not isinstance(env.unwrapped, TradingEnv):
            raise MissingInputError(f"`env` must be one of ours, was {type(env.unwrapped).__name__}.")
        self._played: TradingEnv = env.unwrapped
        self._dataset = dataset
        self._symbol: str | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode; what was kept of the last one is forgotten."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._symbol = info["symbol"]
        self._first = int(np.searchsorted(self._dataset.series[info["symbol"]].open_time, info["open_time"]))
        self._equity, self._quantity = [float(info["equity"])], [0.0]
        self._components: list[dict[str, float]] = []
        self._entry_row = 0
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Play one step."""
        closed = len(self._played.account.trades)
        step = self.env.step(action)
        info, quantity = step[4], self._played.account.quantity
        if quantity != 0.0 and (self._quantity[-1] == 0.0 or len(self._played.account.trades) > closed):
            self._entry_row = len(self._equity)
        self._equity.append(float(info["equity"]))
        self._quantity.append(quantity)
        self._components.append(info["reward_components"])
        return step

    @property
    def episode(self) -> Episode:
        """What has been played since the last reset.

        Raises
        ------
        MissingInputError
            Nothing has been.
        """
        if self._symbol is None or not self._components:
            raise MissingInputError("There is no episode to show. Hint: call `reset` and `step` first.")
        account, rows = self._played.account, len(self._equity)
        series = self._dataset.series[self._symbol]
        return Episode(
            system=self._played.system.name,
            symbol=self._symbol,
            candles=series.rows(self._first, self._first + rows),
            candle_ms=int(series.open_time[1] - series.open_time[0]),
            equity=np.array(self._equity),
            quantity=np.array(self._quantity),
            components={name: np.array([part[name] for part in self._components]) for name in self._components[0]},
            trades=tuple(account.trades),
            open_entry=(self._entry_row, account.entry_price) if account.quantity != 0.0 else None,
        )
