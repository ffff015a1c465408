"""All symbols of a split played in lockstep, one account each, by the kernels of the environments.

Turning what was played into results does not belong here (`backtest.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.config.system import AccountConfig, SystemConfig
from include.core.errors import InvalidInputError
from include.core.progress import Progress, no_progress
from include.environments.batch import Face
from include.environments.kernels.account import rules_of
from include.environments.kernels.replay import CURSOR, advance_all, begin_all, empty_book
from include.environments.make import BATCH_FACES
from include.environments.market import Market, market_of
from include.environments.phase4.windows import unbroken_runs
from include.features.dataset import Dataset, Split


class Turn:
    """The symbols whose decision at the close of one candle will be filled.

    Attributes
    ----------
    quantity : float64 (n,)
        Signed position of each in base units, 0 when flat.
    """

    __slots__ = ("_asked", "_face", "_market", "_rules", "_seats", "_width")

    def __init__(self, stage: "Stage", seats: NDArray[np.void], rules: NDArray[np.void]) -> None:
        self._face, self._market = stage.face, stage.rows
        self._width = stage.observation_size
        self._seats, self._rules = seats, rules
        self._asked = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._asked)

    def ask(self, asked: NDArray[np.int64]) -> "Turn":
        """Return this turn with the numbers of the seats that decide now."""
        self._asked = asked
        return self

    def observations(self) -> NDArray[np.float32]:
        """Return what they see, (n, d), as the environment shows it."""
        seen = np.empty((len(self._asked), self._width), np.float32)
        self._face.observe(self._seats, self._rules, self._market, self._asked, seen)
        return seen

    @property
    def quantity(self) -> NDArray[np.float64]:
        """Signed position of each in base units (n,), 0 when flat."""
        held: NDArray[np.float64] = self._seats["account"]["quantity"][self._asked]
        return held


Choose = Callable[[Turn], NDArray[np.int64]]


@dataclass(frozen=True)
class Played:
    """What a stage left behind when it was played; the m rows are those of its market.

    Attributes
    ----------
    accounts : record array (s,)
        Each account at its end: ``accounts["fees_usd"]``.
    marks : MARK (m,)
        Equity and signed notional at the close of each row, USD.
    trades : TRADE (t,)
        Closed trades, by symbol and order of exit.
    traders : int64 (t,)
        Index into `Stage.symbols` of each trade.
    action_counts : int64 (a,)
        How often each action was chosen.
    """

    accounts: NDArray[np.void]
    marks: NDArray[np.void]
    trades: NDArray[np.void]
    traders: NDArray[np.int64]
    action_counts: NDArray[np.int64]


class Stage:
    """The rows of one split, unpacked once and played as often as wanted.

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
    symbols : tuple of str
        All symbols of the dataset, those without rows in the split included.
    open_time : int64 (T,)
        Union of the open times of all symbols, UTC epoch milliseconds.
    positions, columns : int64 (m,)
        Index into `open_time` and into `symbols` of each row that is played.
    observation_size : int
        Values of an observation.

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
        self.system = system
        self.symbols = dataset.info.symbols
        self.open_time = np.unique(np.concatenate([rows.open_time for rows in series.values()]))
        playable = [symbol for symbol, rows in series.items() if unbroken_runs(rows, system.lookback)]
        market = market_of(system, dataset, split, playable, len(self.open_time))
        self.rows = (market.candles, market.features, market.symbols, market.runs)
        self.observation_size = market.features.shape[1] * system.lookback + self.face.own_features
        self.positions = np.searchsorted(self.open_time, market.candles["open_time"])
        self.columns = self._columns(market)
        self._first_rows = np.array(market.first_rows, np.int64)

    def play(
        self,
        choose: Choose,
        *,
        account: AccountConfig | None = None,
        progress: Progress = no_progress,
        label: str = "backtest",
    ) -> Played:
        """Play every symbol to the end of the split.

        Each starts at its first row; a decision at the close of a candle is filled at the next open. Where rows are
        missing, and at the end of the split, positions are closed at the last close.

        Parameters
        ----------
        choose : callable
            Takes the deciding symbols of a candle, returns one action each.
        account : AccountConfig or None
            Rules of the accounts other than the system's.
        progress : callable
            Called with `label`, candles done and candles in all.
        """
        candles, _, symbols, runs = self.rows
        seats = np.zeros(len(symbols), self.face.seat)
        rules = self._rules(account)
        cursors, asked = np.empty(len(seats), CURSOR), np.empty(len(seats), np.int64)
        book = marks, trades = empty_book(len(candles))
        begin_all(seats, rules, symbols, self._first_rows, len(candles), cursors)
        actions = np.zeros(len(seats), np.int64)
        counts = np.zeros(self.face.actions, np.int64)
        turn = Turn(self, seats, rules)
        for done, now in enumerate(self.open_time.tolist(), start=1):
            deciding = advance_all(seats, rules, candles, runs, cursors, now, actions, book, asked)
            if deciding:
                chosen = choose(turn.ask(asked[:deciding]))
                actions[asked[:deciding]] = chosen
                counts += np.bincount(chosen, minlength=len(counts))
            progress(label, done, len(self.open_time))
        closing = np.flatnonzero(marks["has_trade"])
        return Played(seats["account"], marks, trades[closing], self.columns[closing], counts)

    def _rules(self, account: AccountConfig | None) -> NDArray[np.void]:
        rules = np.empty(len(self.rows[2]), (known := self.face.rules(self.system)).dtype)
        rules[:] = known
        if account is not None:
            rules["account"] = rules_of(account)
        return rules

    def _columns(self, market: Market) -> NDArray[np.int64]:
        lengths = np.diff([*market.first_rows, len(market.candles)])
        return np.repeat([self.symbols.index(name) for name in market.names], lengths).astype(np.int64)


def _face(system: SystemConfig, dataset: Dataset) -> Face:
    if system.name not in BATCH_FACES:
        raise InvalidInputError(f"`system` must be one of {', '.join(BATCH_FACES)}, was {system.name!r}.")
    if system.timeframe != dataset.info.timeframe:
        raise InvalidInputError(
            f"`dataset` must have the system's timeframe {system.timeframe}, was {dataset.info.timeframe}."
        )
    return BATCH_FACES[system.name]
