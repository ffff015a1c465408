"""What a policy is asked at one candle of a backtest, and may look at."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from include.environments.batch import Face
from include.environments.kernels.replay import Board


class Turn:
    """The symbols whose decision at the close of one candle will be filled.

    Parameters
    ----------
    face : Face
        Of the system that is played.
    width : int
        Values of an observation.
    board : Board
        Where it is played.

    Attributes
    ----------
    quantity : float64 (n,)
        Signed position of each in base units, 0 when flat.
    """

    __slots__ = ("_asked", "_board", "_face", "_width")

    def __init__(self, face: Face, width: int, board: Board) -> None:
        self._face, self._width, self._board = face, width, board
        self._asked = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._asked)

    def ask(self, asked: NDArray[np.int64]) -> "Turn":
        """Return this turn with the numbers of the symbols that decide now."""
        self._asked = asked
        return self

    def observations(self) -> NDArray[np.float32]:
        """Return what they see, (n, d), as the environment shows it."""
        seen = np.empty((len(self._asked), self._width), np.float32)
        self._face.observe(self._board.seats, self._board.rules, self._board.market, self._asked, seen)
        return seen

    @property
    def quantity(self) -> NDArray[np.float64]:
        """Signed position of each in base units (n,), 0 when flat."""
        held: NDArray[np.float64] = self._board.seats["account"]["quantity"][self._asked]
        return held


Choose = Callable[[Turn], NDArray[np.int64]]
