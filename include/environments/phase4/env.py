"""The Gymnasium face of the crypto futures agent."""

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.core.errors import InvalidInputError
from include.core.timeframes import periods_per_year, timeframe_ms
from include.environments.phase4.account import Account
from include.environments.phase4.actions import N_ACTIONS
from include.environments.phase4.observation import ACCOUNT_FEATURES, EquityTrack, account_features, stress_level
from include.environments.phase4.rewards import RewardModel
from include.environments.phase4.tape import OBSERVATION_BOUND, Tape, tape_of
from include.environments.phase4.windows import StartTable, unbroken_runs
from include.environments.statistics import max_drawdown, profit_factor, returns_of, sharpe_ratio, win_rate
from include.features.dataset import Dataset, Split, SymbolSeries

Observation = NDArray[np.float32]


class Phase4Env(gymnasium.Env[Observation, np.int64]):
    """Trade one perpetual with one position at a time, from closed candles.

    ## Action Space

    `Discrete(5)`: 0 HOLD, 1 OPEN_LONG, 2 OPEN_SHORT, 3 CLOSE_POSITION, 4 REDUCE_50_PERCENT. A decision
    at the close of candle t is filled at the open of t+1. Opening while in a position, closing or
    reducing while flat, and opening without a positive ATR are invalid: nothing is traded.

    ## Observation Space

    `Box(-10000, 10000, (k + 10,), float32)`: the k market features of the dataset at the close of candle
    t, in the order of `DatasetInfo.features`, then the ten of
    `include.environments.phase4.observation.ACCOUNT_FEATURES`, scaled as `account_features` documents.

    ## Rewards

    Sum of the four weighted components of `RewardModel`, clipped to ±`reward.clip`; unit: percentage
    points of the equity at the entry of the trade, net of fees, slippage and funding.

    ## Starting State

    A flat account of `account.initial_balance_usd`. Training (`deterministic=False`): a symbol, then a
    row of it, each equally likely, drawn from `self.np_random`. `deterministic=True`: the first row of the
    first symbol, always. `reset(options={"symbol": …, "start": row of the split})` fixes either.

    ## Account

    As `include.environments.phase4.account.Account` documents: size by risk and leverage, fees, slippage,
    funding, stop, take-profit, liquidation.

    ## Episode End

    Terminated when the equity at a close has lost `account.ruin_drawdown` of the initial balance (bankruptcy
    included); an open position is then closed at that close with its costs. Truncated after
    `episode_length` steps, and at the last row before missing rows or the end of the split; a position
    stays open then, its value is in the observation.

    ## Information

    Every step: `equity` (USD), `reward_components` (dict of the four). At the end also
    `episode_statistics`: trades, win_rate, profit_factor, sharpe (annualised), max_drawdown, costs (fees and
    slippage, USD), funding (USD paid), steps; an undefined figure is None. `reset`: equity, symbol, open_time.

    ## Arguments

    system : SystemConfig
    dataset : Dataset
    split : "train", "validation" or "test"
    symbols : symbols to play, None for all that have rows in the split
    deterministic : replay one path
    episode_length : steps; None is the system's, or with `deterministic` the whole unbroken run
    seed : seed of the first reset that gets none
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
    ) -> None:
        self.system = system
        self.symbols = symbols
        self._deterministic = deterministic
        self._seed = seed
        self._histories = dataset.series
        self._series = dataset.split(split)
        self._starts = {name: StartTable(unbroken_runs(self._series[name]), episode_length) for name in symbols}
        self._stress: dict[str, NDArray[np.float64]] = {}
        self._candle_ms = timeframe_ms(system.timeframe)
        self._periods = periods_per_year(system.timeframe, system.calendar)
        self._floor = system.account.initial_balance_usd * (1.0 - system.account.ruin_drawdown)
        self._market_count = len(dataset.info.features)
        shape = (self._market_count + len(ACCOUNT_FEATURES),)
        self.observation_space = spaces.Box(-OBSERVATION_BOUND, OBSERVATION_BOUND, shape, np.float32)
        self.action_space = spaces.Discrete(N_ACTIONS)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; see the class for `options` and the returned observation and info."""
        super().reset(seed=self._seed if seed is None else seed)
        self._seed = None
        symbol, start, end = self._choose(options or {})
        self._tape = self._load(symbol, start, end)
        self._row = 0
        self._account = Account(self.system.account)
        self._track = EquityTrack(self._account.equity)
        self._reward = RewardModel(self.system.reward, self.system.training.gamma)
        self._curve = [self._account.equity]
        info = {
            "equity": self._account.equity,
            "symbol": symbol,
            "open_time": self._tape.candles[0].open_time,
        }
        return self._observe(), info

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
        components = self._reward.step(account, self._track.drawdown, terminated)
        truncated = not terminated and self._row + 1 == len(candles)
        info: dict[str, Any] = {"equity": account.equity, "reward_components": components._asdict()}
        if terminated or truncated:
            info["episode_statistics"] = self._statistics()
        return self._observe(), self._reward.total(components), terminated, truncated, info

    @property
    def account(self) -> Account:
        """The account of the running episode, to look at."""
        return self._account

    def _choose(self, options: Mapping[str, Any]) -> tuple[str, int, int]:
        symbol = options.get("symbol")
        if symbol is None:
            symbol = self.symbols[0 if self._deterministic else int(self.np_random.integers(len(self.symbols)))]
        elif symbol not in self._starts:
            raise InvalidInputError(f"`symbol` must be one of {', '.join(self.symbols)}, was {symbol!r}.")
        starts = self._starts[symbol]
        if "start" in options:
            return symbol, *starts.at(int(options["start"]))
        return symbol, *starts[0 if self._deterministic else int(self.np_random.integers(len(starts)))]

    def _load(self, symbol: str, start: int, end: int) -> Tape:
        series = self._series[symbol].rows(start, end + 1)
        return tape_of(series, self._stress_of(symbol, series), self._candle_ms)

    def _stress_of(self, symbol: str, series: SymbolSeries) -> NDArray[np.float64]:
        history = self._histories[symbol]
        if symbol not in self._stress:
            self._stress[symbol] = stress_level(history)
        first = int(np.searchsorted(history.open_time, series.open_time[0]))
        return self._stress[symbol][first : first + len(series)]

    def _observe(self) -> Observation:
        observation = np.empty(self._market_count + len(ACCOUNT_FEATURES), np.float32)
        tape, row = self._tape, self._row
        observation[: self._market_count] = tape.features[row]
        observation[self._market_count :] = account_features(
            self._account, self._track, tape.candles[row].close, tape.stress[row]
        )
        return observation

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
