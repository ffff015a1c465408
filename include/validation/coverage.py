"""Which candles of a symbol exist, in the lake and in a batch together."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from include.core.clock import from_ms
from include.core.timeframes import timeframe_ms
from include.lake.filters import Condition
from include.lake.lake import Lake
from include.market.gaps import find_gaps


class MissingRun(BaseModel):
    """A run of missing candles: first and last missing open time, both included, and their number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: datetime
    last: datetime
    count: int


class SymbolCoverage(BaseModel):
    """Candles of one symbol.

    Parameters
    ----------
    symbol : str
        Unified symbol.
    rows : int
        Candles that exist.
    first, last : datetime or None
        Open times of the oldest and the newest, None when there is none.
    gaps : tuple of MissingRun
        Candles missing in between.
    months : dict
        Share of the month's candles that exist, by `2026-02`, between the oldest and the newest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str
    rows: int
    first: datetime | None
    last: datetime | None
    gaps: tuple[MissingRun, ...]
    months: dict[str, float]

    @property
    def missing(self) -> int:
        """Number of missing candles."""
        return sum(gap.count for gap in self.gaps)


def coverage_of(
    lake: Lake, venue: str, staged: pa.Table, symbols: Sequence[str], timeframe: str
) -> tuple[SymbolCoverage, ...]:
    """Return the coverage of each of `symbols`, of the lake's candles and the staged ones together.

    Parameters
    ----------
    lake : Lake
        Published candles.
    venue : str
        Venue of interest.
    staged : pyarrow.Table
        Candles of a batch.
    symbols : sequence of str
        Symbols of interest, in order.
    timeframe : str
        Timeframe of interest.
    """
    known = pa.array(symbols, pa.string())
    found: list[list[NDArray[np.int64]]] = [[] for _ in symbols]
    conditions: list[Condition] = [("venue", "=", venue), ("timeframe", "=", timeframe), ("symbol", "in", symbols)]
    columns = ["symbol", "open_time"]
    for rows in chain(lake.chunks("candles", columns, conditions), [staged.select(columns)]):
        codes = pc.fill_null(pc.index_in(rows["symbol"], known), -1).to_numpy()
        times = rows["open_time"].cast(pa.int64()).to_numpy()
        for code in np.unique(codes[codes >= 0]):
            found[code].append(times[codes == code])
    return tuple(
        _coverage(symbol, np.unique(np.concatenate(times or [np.zeros(0, np.int64)])), timeframe)
        for symbol, times in zip(symbols, found, strict=True)
    )


def _coverage(symbol: str, times: NDArray[np.int64], timeframe: str) -> SymbolCoverage:
    if not len(times):
        return SymbolCoverage(symbol=symbol, rows=0, first=None, last=None, gaps=(), months={})
    length = timeframe_ms(timeframe)
    gaps = (MissingRun(first=gap.first, last=gap.last, count=gap.count) for gap in find_gaps(times, length))
    return SymbolCoverage(
        symbol=symbol,
        rows=len(times),
        first=from_ms(int(times[0])),
        last=from_ms(int(times[-1])),
        gaps=tuple(gaps),
        months=_months(times, length),
    )


def _months(times: NDArray[np.int64], length: int) -> dict[str, float]:
    expected = np.arange(times[0], times[-1] + length, length)
    months, counts = np.unique(expected.astype("datetime64[ms]").astype("datetime64[M]"), return_counts=True)
    present, present_counts = np.unique(times.astype("datetime64[ms]").astype("datetime64[M]"), return_counts=True)
    found = dict(zip(present.astype(str).tolist(), present_counts.tolist(), strict=True))
    return {
        month: round(found.get(month, 0) / count, 4)
        for month, count in zip(months.astype(str).tolist(), counts.tolist(), strict=True)
    }
