"""All symbols of a split played in lockstep, one account each, by the environment's own account code.

Turning what was played into results does not belong here (`backtest.py`).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from include.config.system import AccountConfig, SystemConfig
from include.core.errors import InvalidInputError
from include.core.progress import Progress, no_progress
from include.core.timeframes import timeframe_ms
from include.environments.phase4.account import Account
from include.environments.phase4.actions import HOLD
from include.environments.phase4.observation import ACCOUNT_FEATURES, EquityTrack, account_features, stress_level
from include.environments.phase4.tape import Candle, Tape, tape_of
from include.features.dataset import Dataset, Split, SymbolSeries

Seat = tuple[Tape, NDArray[np.int64], list[bool]]


class Player:
    """One symbol's tape and account, taken forward one candle at a time.

    Attributes
    ----------
    action : int
        Decision at the current row, filled at the open of the next.
    equity, exposure : list of float
        Equity and signed notional at each close so far, USD.
    """

    __slots__ = (
        "_ends",
        "_is_observed",
        "_starting",
        "_track",
        "account",
        "action",
        "equity",
        "exposure",
        "row",
        "tape",
    )

    def __init__(self, tape: Tape, ends: list[bool], account: Account, *, is_observed: bool = True) -> None:
        self.tape = tape
        self.account = account
        self._track = EquityTrack(account.equity)
        self._is_observed = is_observed
        self.action = HOLD
        self.equity: list[float] = []
        self.exposure: list[float] = []
        self.row = -1
        self._ends = ends
        self._starting = True

    def advance(self) -> None:
        """Live through the next row; the first of an unbroken run only opens it, the last is closed flat."""
        account = self.account
        self.row += 1
        candle = self.tape.candles[self.row]
        if not self._starting:
            self._play(candle)
        self._starting = self._ends[self.row]
        if self._starting:
            account.flatten(candle, "end")
        self.equity.append(account.equity)
        self.exposure.append(account.quantity * candle.close)

    @property
    def is_deciding(self) -> bool:
        """Whether a decision now would be filled: a next row follows and the account is not bankrupt."""
        return not self._starting and self.account.equity > 0.0

    def observe(self, target: NDArray[np.float32]) -> None:
        """Write the observation at the current row into `target` (k + 10,)."""
        tape, row = self.tape, self.row
        market = tape.features.shape[1]
        target[:market] = tape.features[row]
        target[market:] = account_features(self.account, self._track, tape.candles[row].close, tape.stress[row])

    def _play(self, candle: Candle) -> None:
        self.account.play(self.action, self.tape.candles[self.row - 1].atr, candle)
        if self._is_observed:
            self._track.update(self.account.equity)


Choose = Callable[[Sequence[Player]], Sequence[int]]


class Stage:
    """The tapes of one split, unpacked once and played as often as wanted.

    Parameters
    ----------
    system : SystemConfig
        Rules of the accounts.
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
    """

    def __init__(self, system: SystemConfig, dataset: Dataset, split: Split) -> None:
        if system.timeframe != dataset.info.timeframe:
            raise InvalidInputError(
                f"`dataset` must have the system's timeframe {system.timeframe}, was {dataset.info.timeframe}."
            )
        rows = dataset.split(split)
        if not rows:
            raise InvalidInputError(f"`dataset` must have rows in split {split!r}, was {dataset.info.id} without any.")
        self.system = system
        self.symbols = dataset.info.symbols
        self.feature_count = len(dataset.info.features)
        self.open_time = np.unique(np.concatenate([series.open_time for series in rows.values()]))
        self._seats = {symbol: self._seat(dataset, symbol, split_rows) for symbol, split_rows in rows.items()}

    def play(
        self,
        choose: Choose,
        *,
        account: Callable[[AccountConfig], Account] = Account,
        is_observed: bool = True,
        progress: Progress = no_progress,
        label: str = "backtest",
    ) -> dict[str, Player]:
        """Play every symbol to the end of the split.

        Parameters
        ----------
        choose : callable
            Takes the deciding players of a candle, returns one action each.
        account : callable
            Makes the account of a symbol.
        is_observed : bool
            False skips the equity history that only observations need.
        progress : callable
            Called with `label`, candles done and candles in all.

        Returns
        -------
        dict of Player
            By symbol; symbols without rows are absent.
        """
        players = {
            symbol: Player(tape, ends, account(self.system.account), is_observed=is_observed)
            for symbol, (tape, _, ends) in self._seats.items()
        }
        total = len(self.open_time)
        for done, present in enumerate(self._attendance(players), start=1):
            for player in present:
                player.advance()
            deciding = [player for player in present if player.is_deciding]
            if deciding:
                for player, action in zip(deciding, choose(deciding), strict=True):
                    player.action = action
            progress(label, done, total)
        return players

    def positions_of(self, symbol: str) -> NDArray[np.int64]:
        """Return the indices into `open_time` of the rows of `symbol`."""
        return self._seats[symbol][1]

    def observations(self, players: Sequence[Player]) -> NDArray[np.float32]:
        """Return the observations of `players` as (n, k + 10)."""
        batch = np.empty((len(players), self.feature_count + len(ACCOUNT_FEATURES)), np.float32)
        for player, row in zip(players, batch, strict=True):
            player.observe(row)
        return batch

    def _seat(self, dataset: Dataset, symbol: str, rows: SymbolSeries) -> Seat:
        history = dataset.series[symbol]
        first = int(np.searchsorted(history.open_time, rows.open_time[0]))
        stress = stress_level(history)[first : first + len(rows)]
        tape = tape_of(rows, stress, timeframe_ms(self.system.timeframe))
        ends = np.append(np.diff(rows.segment) != 0, True).tolist()
        return tape, np.searchsorted(self.open_time, rows.open_time), ends

    def _attendance(self, players: dict[str, Player]) -> list[list[Player]]:
        present: list[list[Player]] = [[] for _ in self.open_time]
        for symbol, player in players.items():
            for index in self.positions_of(symbol).tolist():
                present[index].append(player)
        return present
