"""Policies to be better than, played through the same accounts: flat, buy and hold, momentum, random actions."""

import numpy as np
from numpy.typing import NDArray

from include.config.system import AccountConfig, SystemConfig
from include.core.progress import Progress, no_progress
from include.environments.phase4.account import BPS
from include.environments.phase4.actions import CLOSE_POSITION, HOLD, N_ACTIONS, OPEN_LONG, OPEN_SHORT
from include.evaluation.backtest import BacktestResult, Predict, backtest_actions, collect
from include.evaluation.replay import Stage
from include.evaluation.turn import Turn
from include.features.dataset import Dataset, Split

# a week of 4h candles
MOMENTUM_CANDLES = 42


def flat(observations: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return HOLD for each of the observations (n, d): an account that never trades."""
    return np.full(len(observations), HOLD, np.int64)


def random_policy(seed: int, n_actions: int = N_ACTIONS) -> Predict:
    """Return a policy that draws every action with equal chance; the same seed draws the same actions."""
    generator = np.random.default_rng(seed)

    def predict(observations: NDArray[np.float32]) -> NDArray[np.int64]:
        return generator.integers(n_actions, size=len(observations))

    return predict


def buy_and_hold(
    system: SystemConfig, dataset: Dataset, split: Split, *, progress: Progress = no_progress
) -> BacktestResult:
    """Buy every symbol at its first open after the start and hold it to the end, 1× and without stops.

    Entry and exit pay fee and slippage, the position pays and receives funding. Where rows are missing it
    is sold at the last close and bought again after the break, with costs.
    """
    stage = Stage(system, dataset, split).under(account=_unlevered(system.account))

    def choose(turn: Turn) -> NDArray[np.int64]:
        return np.where(turn.quantity == 0.0, OPEN_LONG, HOLD)

    return collect(stage, stage.play(choose, progress=progress, label="buy and hold"))


def _unlevered(account: AccountConfig) -> AccountConfig:
    # the whole balance buys, and pays the fee of doing so; no price stops it
    share = 1.0 / (1.0 + account.fee_bps * BPS)
    exits = dict.fromkeys(("risk_per_trade", "stop_atr", "take_profit_atr"))
    return account.model_copy(update={**exits, "max_leverage": share})


def momentum(system: SystemConfig, dataset: Dataset, split: Split, lookback: int = MOMENTUM_CANDLES) -> BacktestResult:
    """Follow the sign of each symbol's return over the last `lookback` candles, long and short, under its own rules.

    The position is closed at the first candle at which the sign has changed and opened the other way at the next one;
    after a stop it is opened again. Candles before the split count, none after the decision does. Time-series momentum
    as Moskowitz, Ooi and Pedersen (2012) define it, in its simplest form.
    """
    stage = Stage(system, dataset, split)
    signs = _signs(stage, dataset, lookback)
    before = np.vstack([signs[:1], signs[:-1]])
    opening = np.where(signs > 0, OPEN_LONG, np.where(signs < 0, OPEN_SHORT, HOLD))
    return backtest_actions(stage, np.where(signs != before, CLOSE_POSITION, opening).astype(np.int8))


def _signs(stage: Stage, dataset: Dataset, lookback: int) -> NDArray[np.int64]:
    """Sign of the return over `lookback` candles at each close of the stage, (T, S); 0 where it is not known."""
    signs = np.zeros((len(stage.open_time), len(stage.symbols)), np.int64)
    for column, symbol in enumerate(stage.symbols):
        series = dataset.series[symbol]
        known = np.zeros(len(series), np.int64)
        known[lookback:] = np.sign(series.close[lookback:] - series.close[:-lookback])
        # rows that are missing in between: the candle so many rows ago is not so many candles ago
        known[lookback:][series.segment[lookback:] != series.segment[:-lookback]] = 0
        rows = np.searchsorted(series.open_time, stage.open_time)
        there = rows < len(series)
        there[there] = series.open_time[rows[there]] == stage.open_time[there]
        signs[there, column] = known[rows[there]]
    return signs
