"""One account per symbol taken through all rows of a split by the calendar, every close and every trade written down.

Episodes, with their rewards, lengths and ruin, do not belong here (`episode.py`).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.environments.kernels import account as accounts
from include.environments.kernels import track as tracks
from include.environments.kernels.account import ENDED
from include.environments.kernels.jit import inlined, kernel
from include.environments.kernels.records import TRADE, Record, layout
from include.environments.phase4.actions import HOLD

Numbers = NDArray[np.int64]
# where a symbol stands: the next row to live through, the end of its rows, the run that row is in, the end of its runs,
# the decision of the row before, and of the one before that
CURSOR = layout(row="i8", stop="i8", run="i8", stop_run="i8", action="i8", late_action="i8")
# what a row leaves behind: equity and signed notional at its close, USD, the action decided on there (NO_DECISION where
# none could be filled), and whether a trade was closed in it
MARK = layout(equity="f8", exposure="f8", action="i1", has_trade="?")
NO_DECISION = -1


class Board(NamedTuple):
    """s symbols with the n rows of a market, while they are played.

    Attributes
    ----------
    seats, rules : seats and rules of a system (s,)
        Account, equity track and row of each symbol; settings of its account.
    market : tuple of arrays
        Candles, features, symbols, runs.
    first_rows : int64 (s + 1,)
        Where the rows of each symbol begin, and where the last ones end.
    is_late : bool
        Every decision is filled one candle later than it could be; the last one of a run never is.
    cursors : CURSOR (s,)
        Where each symbol stands.
    marks, trades : MARK (n,), TRADE (n,)
        What each row leaves behind; a trade counts where its mark says so.
    """

    seats: NDArray[np.void]
    rules: NDArray[np.void]
    market: tuple[NDArray[Any], ...]
    first_rows: Numbers
    is_late: bool
    cursors: NDArray[np.void]
    marks: NDArray[np.void]
    trades: NDArray[np.void]


def board_of(
    seats: NDArray[np.void],
    rules: NDArray[np.void],
    market: tuple[NDArray[Any], ...],
    first_rows: Numbers,
    is_late: bool,
) -> Board:
    """Return a board for a market of which nothing has been played."""
    rows = int(first_rows[-1])
    cursors = np.zeros(len(seats), CURSOR)
    return Board(seats, rules, market, first_rows, is_late, cursors, np.zeros(rows, MARK), np.empty(rows, TRADE))


@kernel
def begin_all(board: Board) -> None:
    """Give every symbol a fresh account, before its first row."""
    for symbol in range(len(board.seats)):
        begin(board, symbol)


@kernel
def begin(board: Board, symbol: int) -> None:
    """Give a symbol a fresh account, before its first row."""
    seat, rules, cursor = board.seats[symbol], board.rules[symbol].account, board.cursors[symbol]
    accounts.begin(seat.account, rules)
    tracks.begin(seat.track, rules.initial_balance)
    runs = board.market[2][symbol]
    cursor.row = board.first_rows[symbol]
    cursor.stop = board.first_rows[symbol + 1]
    cursor.run = runs.first_run
    cursor.stop_run = runs.stop_run
    cursor.action = HOLD
    cursor.late_action = HOLD


@kernel
def advance_all(board: Board, now: int, asked: Numbers) -> int:
    """Take every symbol that has a candle at `now`, UTC epoch milliseconds, through it.

    Writes the numbers of those that may decide at its close to `asked` int64 (s,), and returns how many they are.
    """
    seats, rules, market, _, is_late, cursors, marks, trades = board
    candles, _, _, runs = market
    deciding = 0
    for symbol in range(len(seats)):
        cursor = cursors[symbol]
        if cursor.row == cursor.stop or candles[cursor.row].open_time != now:
            continue
        if advance(seats[symbol], rules[symbol].account, cursor, candles, runs, is_late, marks, trades):
            asked[deciding] = symbol
            deciding += 1
    return deciding


@inlined
def advance(
    seat: Record, rules: Record, cursor: Record, candles: Any, runs: Any, is_late: bool, marks: Any, trades: Any
) -> bool:
    """Take a symbol through its next row, and return whether a decision at its close would be filled.

    It would when a row of the same run follows and the account is not bankrupt.
    """
    account, row = seat.account, cursor.row
    cursor.row += 1
    seat.episode.row = row
    account.has_closed = False
    if cursor.run < cursor.stop_run and row > runs[cursor.run].last:
        cursor.run += 1
    is_deciding = False
    # rows outside of runs are waited through
    if cursor.run < cursor.stop_run and row >= runs[cursor.run].first:
        is_deciding = _live(seat, rules, cursor, runs[cursor.run], candles[max(0, row - 1)].atr, candles[row], is_late)
    _note(marks[row], account, candles[row].close)
    if account.has_closed:
        trades[row] = account.trade
    return is_deciding


@kernel
def _live(seat: Record, rules: Record, cursor: Record, run: Record, atr: float, candle: Record, is_late: bool) -> bool:
    # the first row of a run only decides, its last is closed flat
    account, row = seat.account, seat.episode.row
    if row > run.first:
        accounts.play(account, rules, cursor.late_action if is_late else cursor.action, atr, candle)
        tracks.update(seat.track, account.equity)
    if row == run.last:
        accounts.flatten(account, rules, candle, ENDED)
    cursor.late_action = cursor.action
    cursor.action = HOLD
    is_deciding: bool = row < run.last and account.equity > 0.0
    return is_deciding


@inlined
def decide(cursor: Record, marks: Any, action: int) -> None:
    """Write down what a symbol decides at the close of the row that it was taken through."""
    cursor.action = action
    marks[cursor.row - 1].action = action


@kernel
def decide_all(board: Board, asked: Numbers, actions: Numbers) -> None:
    """Write down what the symbols `asked` (n,) decide, `actions` (n,)."""
    cursors, marks = board.cursors, board.marks
    for i in range(len(asked)):
        decide(cursors[asked[i]], marks, actions[i])


@kernel
def play_table(board: Board, table: NDArray[np.int8], positions: Numbers, columns: Numbers) -> None:
    """Play decisions that are known beforehand, one symbol after the other.

    Parameters
    ----------
    board : Board
        What is played.
    table : int8 (t, c)
        Decisions; NO_DECISION holds.
    positions, columns : int64 (n,)
        Row and column of `table` for each row of the market.
    """
    seats, rules, market, first_rows, is_late, cursors, marks, trades = board
    candles, _, _, runs = market
    for symbol in range(len(seats)):
        begin(board, symbol)
        seat, rule, cursor = seats[symbol], rules[symbol].account, cursors[symbol]
        for row in range(first_rows[symbol], first_rows[symbol + 1]):
            if advance(seat, rule, cursor, candles, runs, is_late, marks, trades):
                decide(cursor, marks, max(HOLD, table[positions[row], columns[row]]))


@kernel
def _note(mark: Record, account: Record, close: float) -> None:
    mark.equity = account.equity
    mark.exposure = account.quantity * close
    mark.action = NO_DECISION
    mark.has_trade = account.has_closed
