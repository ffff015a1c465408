"""Backtest of a policy over one split: every symbol at once, equity marked to market at each close.

Many backtests of known decisions, of which only the essence is wanted, are in `replays.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.core.errors import InvalidInputError
from include.core.progress import Progress, no_progress
from include.environments.kernels.account import EXIT_REASONS
from include.environments.kernels.replay import NO_DECISION
from include.environments.phase4.account import Trade
from include.evaluation.network import Network
from include.evaluation.replay import Actions, Played, Stage
from include.evaluation.turn import Turn
from include.features.dataset import Dataset, Split

Predict = Callable[[NDArray[np.float32]], NDArray[np.int64]]
_TIMES = ("entry_time", "exit_time")
_TOTALS = ("traded_usd", "fees_usd", "slippage_usd", "funding_usd", "held_hours", "assumed_hours")


@dataclass(frozen=True)
class BacktestResult:
    """What a policy did to a portfolio of equal sub-accounts, one per symbol, never rebalanced.

    Attributes
    ----------
    symbols : tuple of str, length S
        All symbols of the dataset; one without rows in the split stays in cash.
    open_time : int64 (T,)
        Candles of the split, UTC epoch milliseconds.
    equity : float64 (T, S)
        Equity of each sub-account at the close of each candle, USD. Row 0 is the start: the first
        decision is made at its close and filled at the open of row 1. Where a symbol has no row its
        last equity stands, and before its first row the initial balance.
    exposure_usd : float64 (T, S)
        Signed notional at each close, USD.
    actions : int8 (T, S)
        What was decided at each close, an action of the system; −1 where no decision could be filled. Played again by
        `backtest_actions` they give the same result.
    trades : DataFrame
        Closed trades by symbol and order of exit: symbol, side ("long" or "short"), entry_time and exit_time
        (datetime64[ms, UTC]), entry_price, exit_price, quantity, pnl_usd (from fill prices, slippage included),
        fees_usd, funding_usd (positive when paid), slippage_usd (already in pnl_usd), net_usd (pnl − fees −
        funding), exit_reason (close, stop_loss, take_profit, liquidation, end).
    action_counts : dict of str to int
        How often the policy chose each action of the system.
    traded_usd, fees_usd, slippage_usd, funding_usd : float
        Sums over all accounts, USD; notional of all fills, costs, funding paid.
    held_hours, assumed_hours : float
        Hours in a position, and those of them whose funding had to be assumed, over all accounts.
    """

    symbols: tuple[str, ...]
    open_time: NDArray[np.int64]
    equity: NDArray[np.float64]
    exposure_usd: NDArray[np.float64]
    actions: Actions
    trades: pd.DataFrame
    action_counts: dict[str, int]
    traded_usd: float
    fees_usd: float
    slippage_usd: float
    funding_usd: float
    held_hours: float
    assumed_hours: float

    @property
    def funding_assumed_share(self) -> float | None:
        """Hours in a position whose funding had to be assumed / hours in a position; None when never in one."""
        return self.assumed_hours / self.held_hours if self.held_hours else None

    @property
    def portfolio_equity(self) -> NDArray[np.float64]:
        """Sum of the sub-accounts at each close, symbol after symbol, float64 (T,), USD."""
        return in_order(self.equity)


def backtest(
    system: SystemConfig,
    dataset: Dataset,
    split: Split,
    predict: Predict | Network,
    *,
    progress: Progress = no_progress,
) -> BacktestResult:
    """Play a policy over all symbols of a split.

    The accounts are those of the environment. Differences to an episode: no ruin limit (only a bankrupt
    account stops trading) and no episode length; where rows are missing and at the end of the split a
    position is closed at the last close with its costs.

    Parameters
    ----------
    system : SystemConfig
        Rules of the accounts.
    dataset : Dataset
        Frozen dataset.
    split : {"train", "validation", "test"}
        Rows to play.
    predict : callable or Network
        Takes observations float32 (n, k + 10) of the symbols that can act now, returns actions int (n,): one call per
        candle. A `Network` is played in compiled code, with the same result as its `predict` to the last bit.
    progress : callable
        Called with "backtest", candles done, candles in all.

    Raises
    ------
    InvalidInputError
        No rows in the split, another timeframe, or actions of a wrong shape or range.
    """
    return backtest_stage(Stage(system, dataset, split), predict, progress=progress)


def backtest_stage(
    stage: Stage, predict: Predict | Network, *, progress: Progress = no_progress, label: str = "backtest"
) -> BacktestResult:
    """Play a policy on a stage, as `backtest` does: for one that is played often, or under other terms."""

    def choose(turn: Turn) -> NDArray[np.int64]:
        return _checked(predict(turn.observations()), len(turn), stage.face.actions)

    if not isinstance(predict, Network):
        return collect(stage, stage.play(choose, progress=progress, label=label))
    played = stage.play_network(predict)
    progress(label, len(stage.open_time), len(stage.open_time))
    return collect(stage, played)


def backtest_actions(stage: Stage, actions: Actions) -> BacktestResult:
    """Play known decisions int8 (T, S) on a stage; see `Stage.play_actions`."""
    return collect(stage, stage.play_actions(actions))


def collect(stage: Stage, played: Played) -> BacktestResult:
    """Return the result of a stage that was played."""
    totals = {name: sum(played.accounts[name].tolist()) for name in _TOTALS}
    decided = played.marks["action"]
    counts = np.bincount(decided[decided != NO_DECISION], minlength=stage.face.actions)
    return BacktestResult(
        symbols=stage.symbols,
        open_time=stage.open_time,
        equity=_equity(stage, played.marks["equity"]),
        exposure_usd=_matrix(stage, played.marks["exposure"], 0.0),
        actions=_matrix(stage, decided, NO_DECISION),
        trades=_trades(stage, played),
        action_counts=dict(zip(stage.face.action_names, counts.tolist(), strict=True)),
        **totals,
    )


def in_order(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums (T,) of the rows of `values` (T, S), added column after column as kernels do."""
    total = np.zeros(len(values))
    for column in values.T:
        total += column
    return total


def _checked(actions: NDArray[np.int64], count: int, known: int) -> NDArray[np.int64]:
    actions = np.asarray(actions)
    if actions.shape != (count,) or not np.issubdtype(actions.dtype, np.integer):
        raise InvalidInputError(
            f"`predict` must return integers of shape ({count},), was {actions.dtype} of shape {actions.shape}."
        )
    low, high = int(actions.min()), int(actions.max())
    if low < 0 or high >= known:
        raise InvalidInputError(f"`predict` must return actions 0 to {known - 1}, was {low} to {high}.")
    return actions


def _equity(stage: Stage, values: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix = _matrix(stage, values, np.nan)
    matrix[0] = np.where(np.isnan(matrix[0]), stage.account.initial_balance_usd, matrix[0])
    # where a symbol has no row, the last one before it
    known = np.where(np.isnan(matrix), 0, np.arange(len(matrix))[:, None])
    return np.asarray(np.take_along_axis(matrix, np.maximum.accumulate(known, axis=0), axis=0))


def _matrix(stage: Stage, values: NDArray[Any], missing: float) -> NDArray[Any]:
    matrix = np.full((len(stage.open_time), len(stage.symbols)), missing, values.dtype)
    matrix[stage.positions, stage.columns] = values
    return matrix


def _trades(stage: Stage, played: Played) -> pd.DataFrame:
    trades = played.trades
    columns = {name: trades[name] for name in Trade._fields if name in (trades.dtype.names or ())}
    words = {
        "symbol": np.array(stage.symbols, object)[played.traders],
        "side": np.where(trades["side"] > 0, "long", "short"),
        "exit_reason": np.array(EXIT_REASONS, object)[trades["reason"]],
    }
    times = {name: pd.to_datetime(trades[name], unit="ms", utc=True).astype("datetime64[ms, UTC]") for name in _TIMES}
    frame = pd.DataFrame(columns | times | words, columns=["symbol", *Trade._fields])
    return frame.astype(dict.fromkeys(words, "str"))
