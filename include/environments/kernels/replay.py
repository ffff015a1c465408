"""One account per symbol taken through all rows of a split by the calendar, every close and every trade written down.

Episodes, with their rewards, lengths and ruin, do not belong here (`episode.py`).
"""

from typing import Any

import numpy as np

from include.environments.kernels import account as accounts
from include.environments.kernels import track as tracks
from include.environments.kernels.account import ENDED
from include.environments.kernels.jit import kernel
from include.environments.kernels.records import TRADE, Record, layout

# where a symbol stands: the next row to live through, the end of its rows, the run that row is in, the end of its runs
CURSOR = layout(row="i8", stop="i8", run="i8", stop_run="i8")
# what a row leaves behind: equity and signed notional at its close, USD, and the trade that was closed in it
MARK = layout(equity="f8", exposure="f8", has_trade="?")


def empty_book(rows: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the memory of a replay: `MARK` (rows,) and `TRADE` (rows,), in the order of the market's rows."""
    return np.zeros(rows, MARK), np.empty(rows, TRADE)


@kernel
def begin_all(seats: Any, rules: Any, symbols: Any, first_rows: Any, rows: int, cursors: Any) -> None:
    """Give every seat a fresh account, before the first row of its symbol."""
    for i in range(len(seats)):
        accounts.begin(seats[i].account, rules[i].account)
        tracks.begin(seats[i].track, rules[i].account.initial_balance)
        cursor = cursors[i]
        cursor.row = first_rows[i]
        cursor.stop = first_rows[i + 1] if i + 1 < len(first_rows) else rows
        cursor.run = symbols[i].first_run
        cursor.stop_run = symbols[i].stop_run


@kernel
def advance_all(
    seats: Any, rules: Any, candles: Any, runs: Any, cursors: Any, now: int, actions: Any, book: Any, asked: Any
) -> int:
    """Take every symbol that has a candle at `now` through it, and say who may decide at its close.

    Parameters
    ----------
    seats : seats of a system (s,)
        Account, equity track and row of each symbol.
    rules : rules of the system (s,)
        Settings of each account.
    candles, runs : CANDLE (n,), RUN (r,)
        Rows, and the unbroken runs of them.
    cursors : CURSOR (s,)
        Where each symbol stands.
    now : int
        Open time of the candle, UTC epoch milliseconds.
    actions : int64 (s,)
        Decisions at the row before. One that was not asked for is not played, or finds nothing to do: a run begins
        without playing its first row, and a bankrupt account has no position and cannot open one.
    book : MARK (n,), TRADE (n,)
        What each row leaves behind.
    asked : int64 (s,)
        Where the symbols are written whose decision now would be filled: a row of the same run follows and the account
        is not bankrupt.

    Returns
    -------
    int
        How many these are.
    """
    deciding = 0
    for i in range(len(seats)):
        cursor = cursors[i]
        if cursor.row == cursor.stop or candles[cursor.row].open_time != now:
            continue
        is_deciding = _advance(seats[i], rules[i].account, candles, runs, cursor, actions[i], book)
        if is_deciding:
            asked[deciding] = i
            deciding += 1
    return deciding


@kernel
def _advance(seat: Record, rules: Record, candles: Any, runs: Any, cursor: Record, action: int, book: Any) -> bool:
    # the first row of a decision only opens a run, the last is closed flat; rows outside of runs are waited through
    account, row = seat.account, cursor.row
    candle = candles[row]
    cursor.row += 1
    seat.episode.row = row
    account.has_closed = False
    if cursor.run < cursor.stop_run and row > runs[cursor.run].last:
        cursor.run += 1
    is_deciding = False
    if cursor.run < cursor.stop_run:
        first, last = runs[cursor.run].first, runs[cursor.run].last
        if row > first:
            accounts.play(account, rules, action, candles[row - 1].atr, candle)
            tracks.update(seat.track, account.equity)
        if row == last:
            accounts.flatten(account, rules, candle, ENDED)
        is_deciding = first <= row < last and account.equity > 0.0
    _write(book, row, account, candle.close)
    return is_deciding


@kernel
def _write(book: Any, row: int, account: Record, close: float) -> None:
    marks, trades = book
    marks[row].equity = account.equity
    marks[row].exposure = account.quantity * close
    marks[row].has_trade = account.has_closed
    if account.has_closed:
        trades[row] = account.trade
