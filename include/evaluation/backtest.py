"""Backtest of a policy over one split: every symbol at once, equity marked to market at each close."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.core.errors import InvalidInputError
from include.core.progress import Progress, no_progress
from include.environments.phase4.account import Trade
from include.environments.phase4.actions import Action
from include.evaluation.replay import Player, Stage
from include.features.dataset import Dataset, Split

Predict = Callable[[NDArray[np.float32]], NDArray[np.int64]]
_TIMES = ("entry_time", "exit_time")


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
    trades : DataFrame
        Closed trades by symbol and order of exit: symbol, side ("long" or "short"), entry_time and exit_time
        (datetime64[ms, UTC]), entry_price, exit_price, quantity, pnl_usd (from fill prices, slippage included),
        fees_usd, funding_usd (positive when paid), slippage_usd (already in pnl_usd), net_usd (pnl − fees −
        funding), exit_reason (close, stop_loss, take_profit, liquidation, end).
    action_counts : dict of str to int
        How often the policy chose each action.
    traded_usd, fees_usd, slippage_usd, funding_usd : float
        Sums over all accounts, USD; notional of all fills, costs, funding paid.
    funding_assumed_share : float or None
        Hours in a position whose funding had to be assumed / hours in a position; None when never in one.
    """

    symbols: tuple[str, ...]
    open_time: NDArray[np.int64]
    equity: NDArray[np.float64]
    exposure_usd: NDArray[np.float64]
    trades: pd.DataFrame
    action_counts: dict[str, int]
    traded_usd: float
    fees_usd: float
    slippage_usd: float
    funding_usd: float
    funding_assumed_share: float | None

    @property
    def portfolio_equity(self) -> NDArray[np.float64]:
        """Sum of the sub-accounts at each close, float64 (T,), USD."""
        return np.asarray(self.equity.sum(axis=1))


def backtest(
    system: SystemConfig,
    dataset: Dataset,
    split: Split,
    predict: Predict,
    *,
    progress: Progress = no_progress,
) -> BacktestResult:
    """Play `predict` over all symbols of a split, one batched call per candle.

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
    predict : callable
        Takes observations float32 (n, k + 10) of the symbols that can act now, returns actions int (n,).
    progress : callable
        Called with "backtest", candles done, candles in all.

    Raises
    ------
    InvalidInputError
        No rows in the split, another timeframe, or actions of a wrong shape or range.
    """
    stage = Stage(system, dataset, split)
    counts = np.zeros(len(Action), np.int64)

    def choose(players: Sequence[Player]) -> list[int]:
        actions = _checked(predict(stage.observations(players)), len(players))
        counts[:] += np.bincount(actions, minlength=len(Action))
        return [int(action) for action in actions]

    return collect(stage, stage.play(choose, progress=progress), counts)


def collect(stage: Stage, players: dict[str, Player], action_counts: NDArray[np.int64]) -> BacktestResult:
    """Return the result of `players` after they have played `stage`."""
    accounts = [player.account for player in players.values()]
    held = sum(account.held_hours for account in accounts)
    assumed = sum(account.assumed_hours for account in accounts)
    start = stage.system.account.initial_balance_usd
    return BacktestResult(
        symbols=stage.symbols,
        open_time=stage.open_time,
        equity=_matrix(stage, {s: p.equity for s, p in players.items()}, start, is_carried=True),
        exposure_usd=_matrix(stage, {s: p.exposure for s, p in players.items()}, 0.0, is_carried=False),
        trades=_trades({symbol: player.account.trades for symbol, player in players.items()}),
        action_counts={action.name: int(n) for action, n in zip(Action, action_counts, strict=True)},
        traded_usd=sum(account.traded_usd for account in accounts),
        fees_usd=sum(account.fees_usd for account in accounts),
        slippage_usd=sum(account.slippage_usd for account in accounts),
        funding_usd=sum(account.funding_usd for account in accounts),
        funding_assumed_share=assumed / held if held else None,
    )


def _checked(actions: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    actions = np.asarray(actions)
    if actions.shape != (count,) or not np.issubdtype(actions.dtype, np.integer):
        raise InvalidInputError(
            f"`predict` must return integers of shape ({count},), was {actions.dtype} of shape {actions.shape}."
        )
    low, high = int(actions.min()), int(actions.max())
    if low < 0 or high >= len(Action):
        raise InvalidInputError(f"`predict` must return actions 0 to {len(Action) - 1}, was {low} to {high}.")
    return actions


def _matrix(stage: Stage, columns: dict[str, list[float]], start: float, *, is_carried: bool) -> NDArray[np.float64]:
    matrix = np.full((len(stage.open_time), len(stage.symbols)), np.nan)
    for symbol, values in columns.items():
        matrix[stage.positions_of(symbol), stage.symbols.index(symbol)] = values
    frame = pd.DataFrame(matrix)
    return (frame.ffill() if is_carried else frame).fillna(start).to_numpy()


def _trades(by_symbol: dict[str, list[Trade]]) -> pd.DataFrame:
    rows = [(symbol, *trade) for symbol, trades in by_symbol.items() for trade in trades]
    frame = pd.DataFrame(rows, columns=["symbol", *Trade._fields])
    for name in _TIMES:
        frame[name] = pd.to_datetime(frame[name].astype("int64"), unit="ms", utc=True).astype("datetime64[ms, UTC]")
    frame["side"] = frame["side"].map({1: "long", -1: "short"})
    words = dict.fromkeys(("symbol", "side", "exit_reason"), "str")
    numbers = {name: "float64" for name in Trade._fields if name not in (*_TIMES, *words)}
    return frame.astype(words | numbers)
