"""All symbols of a split played to its end, one account each, by the kernels of the environments.

Turning what was played into results does not belong here (`backtest.py`).
"""

from copy import copy
from dataclasses import dataclass

import numpy as np
from numba import types
from numpy.typing import NDArray

from include.config.system import AccountConfig, SystemConfig
from include.core.errors import InvalidInputError
from include.core.progress import Progress, no_progress
from include.environments.batch import Face
from include.environments.kernels.account import rules_of
from include.environments.kernels.replay import Board, advance_all, begin_all, board_of, decide_all, play_table
from include.environments.make import BATCH_FACES
from include.environments.market import Market, market_of
from include.environments.phase4.windows import unbroken_runs
from include.evaluation.kernels.playing import Work, play
from include.evaluation.kernels.pointers import pointer
from include.evaluation.network import ROWS, Network, require_defined
from include.evaluation.turn import Choose, Turn
from include.evaluation.workers import shares, side_by_side
from include.features.dataset import Dataset, Split

Actions = NDArray[np.int8]


@dataclass(frozen=True)
class Played:
    """What a stage left behind when it was played; the m rows are those of its market.

    Attributes
    ----------
    accounts : record array (s,)
        Each account at its end: ``accounts["fees_usd"]``.
    marks : MARK (m,)
        Equity and signed notional at the close of each row, USD, and the action decided on there.
    trades : TRADE (t,)
        Closed trades, by symbol and order of exit.
    traders : int64 (t,)
        Index into `Stage.symbols` of each trade.
    """

    accounts: NDArray[np.void]
    marks: NDArray[np.void]
    trades: NDArray[np.void]
    traders: NDArray[np.int64]


class Stage:
    """The rows of one split, unpacked once and played as often as wanted.

    Three ways to play it give the same accounts for the same decisions, to the last bit: `play` asks a function at
    every candle, `play_network` asks a network without leaving compiled code, `play_actions` takes decisions that are
    known.

    Parameters
    ----------
    system : SystemConfig
        Rules of the accounts, and the face that plays them.
    dataset : Dataset
        Frozen dataset.
    split : {"train", "validation", "test"}
        Rows to play.

    Attributes
    ----------
    account : AccountConfig
        Rules of the accounts.
    symbols : tuple of str, length S
        All symbols of the dataset, those without rows in the split included.
    open_time : int64 (T,)
        Union of the open times of all symbols, UTC epoch milliseconds.
    positions, columns : int64 (m,)
        Index into `open_time` and into `symbols` of each row that is played.
    first_rows : int64 (s + 1,)
        Where the rows of each symbol that is played begin, and where the last ones end.
    observation_size : int
        Values of an observation.
    is_late : bool
        Every decision is filled one candle later than it could be.

    Raises
    ------
    InvalidInputError
        A system without a face, another timeframe than the dataset's, or no rows in the split.
    """

    def __init__(self, system: SystemConfig, dataset: Dataset, split: Split) -> None:
        self.face = _face(system, dataset)
        series = dataset.split(split)
        if not series:
            raise InvalidInputError(f"`dataset` must have rows in split {split!r}, was {dataset.info.id} without any.")
        self.system, self.account, self.split = system, system.account, split
        self.symbols = dataset.info.symbols
        self.open_time = np.unique(np.concatenate([rows.open_time for rows in series.values()]))
        self.is_late = False
        playable = [symbol for symbol, rows in series.items() if unbroken_runs(rows, system.lookback)]
        market = market_of(system, dataset, split, playable, len(self.open_time))
        self.rows = (market.candles, market.features, market.symbols, market.runs)
        self.observation_size = market.features.shape[1] * system.lookback + self.face.own_features
        self.first_rows = np.array([*market.first_rows, len(market.candles)], np.int64)
        self.positions = np.searchsorted(self.open_time, market.candles["open_time"])
        self.columns = self._columns(market)

    def under(
        self,
        *,
        account: AccountConfig | None = None,
        fees: float = 1.0,
        slippage: float = 1.0,
        funding: float = 1.0,
        is_late: bool = False,
    ) -> "Stage":
        """Return a stage of the same rows under other terms; what it does not change it shares.

        Parameters
        ----------
        account : AccountConfig or None
            Rules of the accounts other than the system's.
        fees, slippage, funding : float
            What fees, slippage and every funding rate, the assumed one included, are multiplied by; at least 0.
        is_late : bool
            Fill every decision one candle later than it could be. The last decision of an unbroken run never is.
        """
        for name, factor in (("fees", fees), ("slippage", slippage), ("funding", funding)):
            if not factor >= 0.0:
                raise InvalidInputError(f"`{name}` must be at least 0, was {factor}.")
        base = account or self.account
        costs = {
            "fee_bps": base.fee_bps * fees,
            "slippage_bps": base.slippage_bps * slippage,
            "assumed_funding_bps_per_8h": base.assumed_funding_bps_per_8h * funding,
        }
        changed = copy(self)
        changed.account = base.model_copy(update=costs)
        changed.is_late = self.is_late or is_late
        if funding != 1.0:
            candles = self.rows[0].copy()
            for name in ("funding_inner", "funding_at_close"):
                candles[name] *= funding
            changed.rows = (candles, *self.rows[1:])
        return changed

    def play(self, choose: Choose, *, progress: Progress = no_progress, label: str = "backtest") -> Played:
        """Play every symbol to the end of the split, and ask `choose` once a candle.

        Each starts at its first row; a decision at the close of a candle is filled at the next open. Where rows are
        missing, and at the end of the split, positions are closed at the last close.

        Parameters
        ----------
        choose : callable
            Takes the deciding symbols of a candle, returns one action each.
        progress : callable
            Called with `label`, candles done and candles in all.
        """
        board = self.board()
        asked = np.empty(len(board.seats), np.int64)
        turn = Turn(self.face, self.observation_size, board)
        begin_all(board)
        for done, now in enumerate(self.open_time.tolist(), start=1):
            deciding = advance_all(board, now, asked)
            if deciding:
                decide_all(board, asked[:deciding], choose(turn.ask(asked[:deciding])))
            progress(label, done, len(self.open_time))
        return self._played(board)

    def play_network(self, network: Network) -> Played:
        """Play every symbol to the end of the split as `network` decides, in compiled code on all processors.

        The result does not depend on how many there are.

        Raises
        ------
        InvalidInputError
            Another observation size or number of actions, or a logit that is NaN.
        """
        if (network.observation_size, network.actions) != (self.observation_size, self.face.actions):
            raise InvalidInputError(
                f"`network` must take {self.observation_size} values and choose among {self.face.actions} actions, "
                f"was {network.observation_size} and {network.actions}. "
                "Hint: the policy and the environment must share one feature set."
            )
        board = self.board()
        observe = pointer(self.face.observe, types.none, (board.seats, board.rules, board.market, *self._room()))
        queues = shares(np.diff(self.first_rows))
        undefined = side_by_side(lambda queue: play(observe, board, queue, network.actor, self._work(network)), queues)
        require_defined(sum(undefined))
        return self._played(board)

    def play_actions(self, actions: Actions) -> Played:
        """Play every symbol to the end of the split with decisions that are known.

        Parameters
        ----------
        actions : int8 (T, S)
            Decision of each symbol at the close of each candle; those that would not be filled do not matter, and −1
            holds, so that what a backtest decided can be played again.

        Raises
        ------
        InvalidInputError
            Another shape or type, or an action that the system does not have.
        """
        self.require_actions(actions)
        board = self.board()
        play_table(board, np.ascontiguousarray(actions), self.positions, self.columns)
        return self._played(board)

    def require_actions(self, actions: Actions) -> None:
        """Refuse decisions that cannot be played on this stage."""
        shape = (len(self.open_time), len(self.symbols))
        if actions.shape != shape or actions.dtype != np.int8:
            raise InvalidInputError(
                f"`actions` must be int8 of shape {shape}, was {actions.dtype} of shape {actions.shape}."
            )
        low, high = int(actions.min()), int(actions.max())
        if low < -1 or high >= self.face.actions:
            raise InvalidInputError(f"`actions` must lie in -1 to {self.face.actions - 1}, was {low} to {high}.")

    def board(self) -> Board:
        """Return memory to play this stage in."""
        seats = np.zeros(len(self.rows[2]), self.face.seat)
        rules = np.empty(len(seats), (known := self.face.rules(self.system)).dtype)
        rules[:] = known
        rules["account"] = rules_of(self.account)
        return board_of(seats, rules, self.rows, self.first_rows, self.is_late)

    def _played(self, board: Board) -> Played:
        closing = np.flatnonzero(board.marks["has_trade"])
        return Played(board.seats["account"], board.marks, board.trades[closing], self.columns[closing])

    def _room(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        return np.empty(ROWS, np.int64), np.empty((ROWS, self.observation_size), np.float32)

    def _work(self, network: Network) -> Work:
        asked, observations = self._room()
        return Work(np.empty(ROWS, np.int64), asked, np.empty(ROWS, np.int64), observations, network.room)

    def _columns(self, market: Market) -> NDArray[np.int64]:
        numbers = [self.symbols.index(name) for name in market.names]
        return np.repeat(numbers, np.diff(self.first_rows)).astype(np.int64)


def _face(system: SystemConfig, dataset: Dataset) -> Face:
    if system.name not in BATCH_FACES:
        raise InvalidInputError(f"`system` must be one of {', '.join(BATCH_FACES)}, was {system.name!r}.")
    if system.timeframe != dataset.info.timeframe:
        raise InvalidInputError(
            f"`dataset` must have the system's timeframe {system.timeframe}, was {dataset.info.timeframe}."
        )
    return BATCH_FACES[system.name]
