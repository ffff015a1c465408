"""Unbroken runs of rows, and the choice of the rows that an episode plays."""

from bisect import bisect_right
from itertools import accumulate, pairwise

import numpy as np

from include.core.errors import InvalidInputError
from include.features.dataset import SymbolSeries


def unbroken_runs(series: SymbolSeries, lookback: int = 1) -> list[tuple[int, int]]:
    """Return first row of a decision and last row of each run of rows that no missing row breaks.

    A decision at one row is filled in the next, so a lone row can play nothing. One that sees `lookback` rows needs
    the rows before it inside the same run.
    """
    breaks = (np.flatnonzero(np.diff(series.segment)) + 1).tolist()
    edges = [0, *breaks, len(series)]
    return [(first + lookback - 1, stop - 1) for first, stop in pairwise(edges) if stop - first > lookback]


class StartTable:
    """Every row at which an episode may start, each equally likely.

    Parameters
    ----------
    runs : list of (first, last)
        Unbroken runs.
    length : int
        Steps of a whole episode. A start leaves that many rows before the end of its run; a run too
        short for a whole episode has one start, its first row.
    """

    __slots__ = ("_cumulative", "_length", "_runs")

    def __init__(self, runs: list[tuple[int, int]], length: int) -> None:
        self._runs = runs
        self._length = length
        self._cumulative = list(accumulate(max(1, last - first - length + 1) for first, last in runs))

    def __len__(self) -> int:
        return self._cumulative[-1] if self._cumulative else 0

    @property
    def runs(self) -> list[tuple[int, int, int]]:
        """First row, last row, and starts up to and with each run."""
        return [(first, last, count) for (first, last), count in zip(self._runs, self._cumulative, strict=True)]

    def __getitem__(self, index: int) -> tuple[int, int]:
        """Return `(start, end)` rows, both included, of the episode with this number."""
        position = bisect_right(self._cumulative, index)
        first, last = self._runs[position]
        start = first + index - (self._cumulative[position - 1] if position else 0)
        return start, min(start + self._length, last)

    def at(self, start: int) -> tuple[int, int]:
        """Return `(start, end)` rows, both included, of the episode that starts at row `start`."""
        for first, last in self._runs:
            if first <= start < last:
                return start, min(start + self._length, last)
        raise InvalidInputError(f"`start` must be a row with a row after it in the split, was {start}.")
