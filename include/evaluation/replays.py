"""Many replays of one stage with known decisions, and of each only what metrics are made of.

Random policies and shifted signals are thousands of backtests; whole results are in `backtest.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.core.errors import InvalidInputError
from include.core.progress import Progress, no_progress
from include.environments.kernels.replay import Board
from include.evaluation.backtest import BacktestResult, in_order
from include.evaluation.kernels.replaying import Kept, Places, replay
from include.evaluation.replay import Actions, Stage
from include.evaluation.workers import processors, side_by_side

Doubles = NDArray[np.float64]
_TOTALS = ("traded_usd", "fees_usd", "slippage_usd", "funding_usd", "held_hours", "assumed_hours")
# replays between two reports of progress
_ROUND = 32


@dataclass(frozen=True)
class Replays:
    """B portfolios over the same T candles.

    Attributes
    ----------
    equity, gross_usd : float64 (B, T)
        Portfolio equity and gross notional at each close, USD.
    nets : float64 (n,)
        Net result of the closed trades of all portfolios, USD: portfolio after portfolio, within one by symbol and
        order of exit.
    traders : int16 (n,)
        Column of the symbol of each trade.
    exit_times : int64 (n,)
        When each was closed, UTC epoch milliseconds.
    first_trades : int64 (B + 1,)
        Where the trades of each portfolio begin, and where the last ones end.
    profits_usd : float64 (B,)
        Sum of the trades that won before fees, slippage and funding.
    traded_usd, fees_usd, slippage_usd, funding_usd : float64 (B,)
        Sums over all accounts: notional of all fills, costs, funding paid.
    held_hours, assumed_hours : float64 (B,)
        Hours in a position, and those of them whose funding had to be assumed.
    symbol_count : int
        Symbols of a portfolio.
    """

    equity: Doubles
    gross_usd: Doubles
    nets: Doubles
    traders: NDArray[np.int16]
    exit_times: NDArray[np.int64]
    first_trades: NDArray[np.int64]
    profits_usd: Doubles
    traded_usd: Doubles
    fees_usd: Doubles
    slippage_usd: Doubles
    funding_usd: Doubles
    held_hours: Doubles
    assumed_hours: Doubles
    symbol_count: int

    def __len__(self) -> int:
        return len(self.equity)

    @property
    def funding_assumed_share(self) -> Doubles:
        """Hours in a position whose funding had to be assumed / hours in a position (B,); NaN when never in one."""
        shares = np.full(len(self), np.nan)
        np.divide(self.assumed_hours, self.held_hours, out=shares, where=self.held_hours > 0.0)
        return shares

    def trades_of(self, number: int) -> slice:
        """Return which trades are those of a portfolio."""
        return slice(int(self.first_trades[number]), int(self.first_trades[number + 1]))


def replay_many(
    stage: Stage,
    actions_of: Callable[[int], Actions],
    count: int,
    *,
    progress: Progress = no_progress,
    label: str = "replays",
) -> Replays:
    """Play a stage `count` times with known decisions, on all processors.

    Parameters
    ----------
    stage : Stage
        What is played, under its terms.
    actions_of : callable
        Takes the number of a replay, 0 to `count` − 1, returns its decisions int8 (T, S) as `Stage.play_actions` takes
        them. It is called from threads, so what it returns may depend on nothing but the number.
    count : int
        Number of replays, at least 1.
    progress : callable
        Called with `label`, replays done and replays in all.

    Raises
    ------
    InvalidInputError
        `count` below 1, or decisions that cannot be played.
    """
    if count < 1:
        raise InvalidInputError(f"`count` must be at least 1, was {count}.")
    threads = min(processors(), count)
    players = [_Player(stage) for _ in range(threads)]
    equity, gross = np.empty((count, len(stage.open_time))), np.empty((count, len(stage.open_time)))
    left: list[_Left] = []
    for start in range(0, count, _ROUND):
        numbers = range(start, min(start + _ROUND, count))

        def some(first: int, numbers: range = numbers) -> list[_Left]:
            return [
                players[first].play(actions_of(number), equity[number], gross[number])
                for number in numbers[first::threads]
            ]

        shared = side_by_side(some, range(threads))
        left += [shared[place % threads][place // threads] for place in range(len(numbers))]
        progress(label, numbers.stop, count)
    return _joined(equity, gross, left, len(stage.symbols))


def as_replays(result: BacktestResult) -> Replays:
    """Return a whole backtest as the only one of its replays."""
    trades = result.trades
    numbers = {symbol: number for number, symbol in enumerate(result.symbols)}
    before_costs = (trades["pnl_usd"] + trades["slippage_usd"]).to_numpy(np.float64)
    return Replays(
        equity=result.portfolio_equity[None],
        gross_usd=in_order(np.abs(result.exposure_usd))[None],
        nets=trades["net_usd"].to_numpy(np.float64),
        traders=np.array(trades["symbol"].map(numbers), np.int16),
        exit_times=np.array(trades["exit_time"].astype("datetime64[ms, UTC]").astype("int64"), np.int64),
        first_trades=np.array([0, len(trades)], np.int64),
        profits_usd=np.array([_running_sum(np.maximum(before_costs, 0.0))]),
        traded_usd=np.array([result.traded_usd]),
        fees_usd=np.array([result.fees_usd]),
        slippage_usd=np.array([result.slippage_usd]),
        funding_usd=np.array([result.funding_usd]),
        held_hours=np.array([result.held_hours]),
        assumed_hours=np.array([result.assumed_hours]),
        symbol_count=len(result.symbols),
    )


@dataclass(frozen=True)
class _Left:
    nets: Doubles
    traders: NDArray[np.int16]
    exit_times: NDArray[np.int64]
    profits: float
    totals: dict[str, float]


class _Player:
    """The memory of one thread."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._board: Board = stage.board()
        self._initial = stage.account.initial_balance_usd
        self._places = Places(stage.positions, stage.columns, _players(stage))
        rows = len(stage.positions)
        self._trades = np.empty(rows), np.empty(rows, np.int16), np.empty(rows, np.int64), np.empty(1)

    def play(self, actions: Actions, equity: Doubles, gross: Doubles) -> _Left:
        self._stage.require_actions(actions)
        nets, traders, exits, profits = self._trades
        count = replay(
            self._board, np.ascontiguousarray(actions), self._places, self._initial, Kept(equity, gross, *self._trades)
        )
        accounts = self._board.seats["account"]
        totals = {name: sum(accounts[name].tolist()) for name in _TOTALS}
        return _Left(nets[:count].copy(), traders[:count].copy(), exits[:count].copy(), float(profits[0]), totals)


def _players(stage: Stage) -> NDArray[np.int64]:
    players = np.full(len(stage.symbols), -1, np.int64)
    players[stage.columns[stage.first_rows[:-1]]] = np.arange(len(stage.first_rows) - 1)
    return players


def _joined(equity: Doubles, gross: Doubles, left: list[_Left], symbol_count: int) -> Replays:
    totals = {name: np.array([one.totals[name] for one in left]) for name in _TOTALS}
    return Replays(
        equity=equity,
        gross_usd=gross,
        nets=np.concatenate([one.nets for one in left]),
        traders=np.concatenate([one.traders for one in left]),
        exit_times=np.concatenate([one.exit_times for one in left]),
        first_trades=np.cumsum([0, *(len(one.nets) for one in left)], dtype=np.int64),
        profits_usd=np.array([one.profits for one in left]),
        symbol_count=symbol_count,
        **totals,
    )


def _running_sum(values: Doubles) -> float:
    return float(np.cumsum(values)[-1]) if len(values) else 0.0
