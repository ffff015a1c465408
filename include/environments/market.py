"""The rows of a split in one block of memory, for all environments of a batch together."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.core.timeframes import timeframe_ms
from include.environments.kernels.records import CANDLE, RUN, SYMBOL
from include.environments.phase4.observation import stress_level
from include.environments.phase4.tape import OBSERVATION_BOUND
from include.environments.phase4.windows import StartTable, unbroken_runs
from include.features.dataset import Dataset, Split, SymbolSeries


@dataclass(frozen=True)
class Market:
    """All rows that can be played, symbol after symbol; row numbers count through the whole block.

    Attributes
    ----------
    names : tuple of str, length s
        Symbols in order.
    candles : CANDLE (n,)
        Rows.
    features : float32 (n, k)
        Market features, clipped to ±`OBSERVATION_BOUND`.
    symbols : SYMBOL (s,)
        Runs and starts of each symbol.
    runs : RUN (r,)
        Unbroken runs of rows.
    first_rows : tuple of int, length s
        Where each symbol's rows begin.
    starts : tuple of StartTable, length s
        Starts of each symbol, in rows of its split.
    """

    names: tuple[str, ...]
    candles: NDArray[np.void]
    features: NDArray[np.float32]
    symbols: NDArray[np.void]
    runs: NDArray[np.void]
    first_rows: tuple[int, ...]
    starts: tuple[StartTable, ...]

    @property
    def nbytes(self) -> int:
        """Memory of the block in bytes."""
        return sum(array.nbytes for array in (self.candles, self.features, self.symbols, self.runs))


def market_of(
    system: SystemConfig, dataset: Dataset, split: Split, names: Sequence[str], episode_length: int
) -> Market:
    """Return the rows of `names` in `split`, and where episodes of `episode_length` steps may start.

    Parameters
    ----------
    system : SystemConfig
        Timeframe and lookback.
    dataset : Dataset
        Frozen dataset; rows before the split warm up the stress level.
    split : {"train", "validation", "test"}
        Rows to play.
    names : sequence of str
        Symbols that have rows in the split.
    episode_length : int
        Steps of a whole episode.
    """
    rows = dataset.split(split)
    series = [rows[name] for name in names]
    first_rows = (0, *accumulate(len(part) for part in series))
    candles = np.empty(first_rows[-1], CANDLE)
    features = np.empty((first_rows[-1], len(dataset.info.features)), np.float32)
    starts = tuple(StartTable(unbroken_runs(part, system.lookback), episode_length) for part in series)
    symbols: list[tuple[int, int, int]] = []
    runs: list[tuple[int, int, int]] = []
    for name, part, table, first in zip(names, series, starts, first_rows[:-1], strict=True):
        block = slice(first, first + len(part))
        _fill(candles[block], part, dataset.series[name], timeframe_ms(system.timeframe))
        np.clip(part.features, -OBSERVATION_BOUND, OBSERVATION_BOUND, out=features[block])
        symbols.append((len(runs), len(runs) + len(table.runs), len(table)))
        runs += [(row + first, last + first, count) for row, last, count in table.runs]
    return Market(
        tuple(names), candles, features, np.array(symbols, SYMBOL), np.array(runs, RUN), first_rows[:-1], starts
    )


def _fill(target: NDArray[np.void], rows: SymbolSeries, history: SymbolSeries, candle_ms: int) -> None:
    for name in CANDLE.names or ():
        if name not in ("close_time", "stress"):
            target[name] = getattr(rows, name)
    target["close_time"] = rows.open_time + candle_ms
    first = int(np.searchsorted(history.open_time, rows.open_time[0]))
    target["stress"] = stress_level(history.rows(0, first + len(rows)), first)
