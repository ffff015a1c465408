"""What every single environment does alike: choose an episode, play the account through it, tell how it went.

Observations, rewards and their specification belong to the systems (`phase4/env.py`, `shadow/env.py`).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, TypedDict

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.core.errors import InvalidInputError
from include.core.timeframes import periods_per_year, timeframe_ms
from include.environments.phase4.account import Account
from include.environments.phase4.observation import EquityTrack, stress_level
from include.environments.phase4.tape import OBSERVATION_BOUND, Tape, tape_of
from include.environments.phase4.windows import StartTable, unbroken_runs
from include.environments.statistics import max_drawdown, profit_factor, returns_of, sharpe_ratio, win_rate
from include.features.dataset import Dataset, Split, SymbolSeries

Observation = NDArray[np.float32]


class Episodes(TypedDict):
    """Which episodes an environment plays; `TradingEnv` says what each key means."""

    symbols: tuple[str, ...]
    deterministic: bool
    episode_length: int
    seed: int | None


class TradingEnv(gymnasium.Env[Observation, np.int64], ABC):
    """One account on one symbol of a dataset's split, one episode after the other.

    Parameters
    ----------
    system : SystemConfig
        Rules of account, reward and episode.
    dataset : Dataset
        Frozen dataset.
    split : {"train", "validation", "test"}
        Rows to play.
    symbols : tuple of str
        Symbols to play.
    deterministic : bool
        Always the first row of the first symbol; otherwise both are drawn.
    episode_length : int
        Steps until truncation.
    seed : int or None
        Seed of the first reset that is given none.
    actions : int
        Number of actions.
    observation_size : int
        Length of an observation.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium declares it as an instance variable

    def __init__(
        self,
        system: SystemConfig,
        dataset: Dataset,
        split: Split,
        *,
        symbols: tuple[str, ...],
        deterministic: bool,
        episode_length: int,
        seed: int | None,
        actions: int,
        observation_size: int,
    ) -> None:
        self.system = system
        self.symbols = symbols
        self._deterministic = deterministic
        self._seed = seed
        self._histories = dataset.series
        self._series = dataset.split(split)
        self._starts = {
            name: StartTable(unbroken_runs(self._series[name], system.lookback), episode_length) for name in symbols
        }
        self._stress: dict[str, NDArray[np.float64]] = {}
        self._candle_ms = timeframe_ms(system.timeframe)
        self._periods = periods_per_year(system.timeframe, system.calendar)
        self._floor = system.account.initial_balance_usd * (1.0 - system.account.ruin_drawdown)
        self._lookback = system.lookback
        self.observation_space = spaces.Box(-OBSERVATION_BOUND, OBSERVATION_BOUND, (observation_size,), np.float32)
        self.action_space = spaces.Discrete(actions)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; see the class for `options` and the returned observation and info."""
        super().reset(seed=self._seed if seed is None else seed)
        self._seed = None
        symbol, start, end = self._choose(options or {})
        self._tape = self._load(symbol, start - self._lookback + 1, end)
        self._row = self._lookback - 1
        self._account = Account(self.system.account)
        self._track = EquityTrack(self._account.equity)
        self._curve = [self._account.equity]
        self._begin()
        info = {
            "equity": self._account.equity,
            "symbol": symbol,
            "open_time": self._tape.candles[self._row].open_time,
        }
        return self._observe(), info | self._facts()

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Fill `action` at the next open and live through that candle; see the class."""
        account, candles = self._account, self._tape.candles
        candle = candles[self._row + 1]
        account.play(int(action), candles[self._row].atr, candle)
        self._row += 1
        terminated = account.equity <= self._floor
        if terminated:
            account.flatten(candle, "ruin")
        self._track.update(account.equity)
        self._curve.append(account.equity)
        reward, components = self._reward(terminated)
        truncated = not terminated and self._row + 1 == len(candles)
        info: dict[str, Any] = {"equity": account.equity, "reward_components": components, **self._facts()}
        if terminated or truncated:
            info["episode_statistics"] = self._statistics()
        return self._observe(), reward, terminated, truncated, info

    @property
    def account(self) -> Account:
        """The account of the running episode, to look at."""
        return self._account

    @abstractmethod
    def _begin(self) -> None:
        """Make the reward model of a new episode."""

    @abstractmethod
    def _observe(self) -> Observation:
        """Return the observation at the current row."""

    @abstractmethod
    def _reward(self, terminated: bool) -> tuple[float, dict[str, float]]:
        """Return the reward of the step just played and its named components."""

    def _facts(self) -> dict[str, Any]:
        # what a system adds to `info` beside equity and components
        return {}

    def _choose(self, options: Mapping[str, Any]) -> tuple[str, int, int]:
        # two numbers an episode, always: so the batch face can draw them ahead and still play the same episodes
        first, second = (0.0, 0.0) if self._deterministic else self.np_random.random(2)
        symbol = options.get("symbol", self.symbols[int(first * len(self.symbols))])
        if symbol not in self._starts:
            raise InvalidInputError(f"`symbol` must be one of {', '.join(self.symbols)}, was {symbol!r}.")
        starts = self._starts[symbol]
        if "start" in options:
            return symbol, *starts.at(int(options["start"]))
        return symbol, *starts[int(second * len(starts))]

    def _load(self, symbol: str, first: int, last: int) -> Tape:
        series = self._series[symbol].rows(first, last + 1)
        return tape_of(series, self._stress_of(symbol, series), self._candle_ms)

    def _stress_of(self, symbol: str, series: SymbolSeries) -> NDArray[np.float64]:
        history = self._histories[symbol]
        if symbol not in self._stress:
            self._stress[symbol] = stress_level(history)
        first = int(np.searchsorted(history.open_time, series.open_time[0]))
        return self._stress[symbol][first : first + len(series)]

    def _statistics(self) -> dict[str, float | int | None]:
        account, equity = self._account, np.array(self._curve)
        nets = [trade.net_usd for trade in account.trades]
        # only the last equity of an episode can be at or below 0, and a ratio to the one before it still stands
        return {
            "trades": len(nets),
            "win_rate": win_rate(nets),
            "profit_factor": profit_factor(nets),
            "sharpe": sharpe_ratio(returns_of(equity), self._periods),
            "max_drawdown": max_drawdown(equity),
            "costs": account.fees_usd + account.slippage_usd,
            "funding": account.funding_usd,
            "steps": len(equity) - 1,
        }
