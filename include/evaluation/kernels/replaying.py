"""One of many replays of known decisions, and what is kept of it: the portfolio at each close and the closed trades."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.environments.kernels.replay import Board, play_table
from include.evaluation.kernels.jit import kernel

Numbers = NDArray[np.int64]
Doubles = NDArray[np.float64]


class Places(NamedTuple):
    """Where the rows of a market belong in a table (t, c) of candles and symbols."""

    positions: Numbers  # (n,), candle of each row
    columns: Numbers  # (n,), symbol of each row
    players: Numbers  # (c,), number on the board of each symbol, −1 where it has no rows


class Kept(NamedTuple):
    """What is kept of one replay of t candles, with room for as many trades as there are rows."""

    equity: Doubles  # (t,)
    gross: Doubles  # (t,)
    nets: Doubles  # (n,)
    symbols: NDArray[np.int16]  # (n,)
    exit_times: Numbers  # (n,)
    profits: Doubles  # (1,), of the trades before costs


@kernel
def replay(board: Board, table: NDArray[np.int8], places: Places, initial: float, kept: Kept) -> int:
    """Play `table` and keep the essence; `initial` is the balance of a symbol before its first row.

    Sub-accounts are added symbol after symbol. Returns the number of trades.
    """
    play_table(board, table, places.positions, places.columns)
    kept.equity[:] = 0.0
    kept.gross[:] = 0.0
    kept.profits[0] = 0.0
    trades = 0
    for column in range(len(places.players)):
        player = places.players[column]
        row = stop = 0
        if player >= 0:
            row, stop = board.first_rows[player], board.first_rows[player + 1]
        value = initial
        for candle in range(len(kept.equity)):
            if row < stop and places.positions[row] == candle:
                value = board.marks[row].equity
                kept.gross[candle] += abs(board.marks[row].exposure)
                if board.marks[row].has_trade:
                    _keep(board, row, column, kept, trades)
                    trades += 1
                row += 1
            kept.equity[candle] += value
    return trades


@kernel
def _keep(board: Board, row: int, column: int, kept: Kept, number: int) -> None:
    trade = board.trades[row]
    kept.nets[number] = trade.net_usd
    kept.symbols[number] = column
    kept.exit_times[number] = trade.exit_time
    kept.profits[0] += max(0.0, trade.pnl_usd + trade.slippage_usd)


@kernel
def losing_runs(nets: Doubles, symbols: NDArray[np.int16], exit_times: Numbers, runs: Numbers) -> int:
    """Write the longest losing run of each symbol to `runs` (c,), −1 where it did not trade.

    Returns that of all trades in order of exit, of those at one time in the order given.
    """
    runs[:] = -1
    run = 0
    for i in range(len(nets)):
        run = 0 if i == 0 or symbols[i] != symbols[i - 1] else run
        run = run + 1 if nets[i] < 0.0 else 0
        runs[symbols[i]] = max(runs[symbols[i]], run)
    run = longest = 0
    for i in np.argsort(exit_times, kind="mergesort"):
        run = run + 1 if nets[i] < 0.0 else 0
        longest = max(longest, run)
    return longest
