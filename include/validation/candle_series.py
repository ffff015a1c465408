"""The candles of one symbol as they will stand: what is stored, and what a batch brings, in its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.core.clock import format_utc, from_ms, to_ms
from include.core.columns import CANDLES
from include.core.timeframes import DAY_MS, timeframe_ms
from include.lake.filters import Condition
from include.lake.lake import Lake
from include.validation.limits import SPIKE_WINDOW

NEVER = np.iinfo(np.int64).max
_NUMBERS = ("open", "high", "low", "close", "volume")
_COLUMNS = [*CANDLES.key, *_NUMBERS]


@dataclass(frozen=True, slots=True)
class CandleSeries:
    """Candles of one venue, symbol and timeframe, ascending, each once.

    Parameters
    ----------
    venue, symbol, timeframe : str
        Whose they are.
    open_time : int64 (n,)
        Epoch milliseconds.
    open, high, low, close : float64 (n,)
        Prices, quote per base.
    volume : float64 (n,)
        Traded amount, base.
    since_ms : int
        Candles that open from here on are judged; those before are what they are judged by.
    repeated : int64 (k,)
        Open times of which more than one row is stored.
    """

    venue: str
    symbol: str
    timeframe: str
    open_time: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    since_ms: int
    repeated: NDArray[np.int64]

    @property
    def length_ms(self) -> int:
        """Length of a candle."""
        return timeframe_ms(self.timeframe)

    @property
    def name(self) -> str:
        """Symbol and timeframe, for messages."""
        return f"{self.symbol} {self.timeframe}"

    def at(self, position: int) -> str:
        """Return the open time at `position`, for messages."""
        return format_utc(from_ms(int(self.open_time[position])))


@dataclass(frozen=True, slots=True)
class Context:
    """Which candles of a symbol are judged: those of one venue and timeframe that open at `since` or later."""

    venue: str
    timeframe: str
    since: datetime

    @property
    def begin(self) -> datetime:
        """From where on candles are read to judge those by: their usual move, and their whole day."""
        earlier = to_ms(self.since) - SPIKE_WINDOW * timeframe_ms(self.timeframe)
        return from_ms(earlier - earlier % DAY_MS)

    def since_ms(self, venue: str, timeframe: str) -> int:
        """Return from when on candles of a series are judged."""
        return to_ms(self.since) if (venue, timeframe) == (self.venue, self.timeframe) else NEVER


def standing_series(lake: Lake, symbol: str, staged: pa.Table, context: Context | None) -> Iterator[CandleSeries]:
    """Yield every series of `symbol`, of all venues and timeframes, stored and staged rows together.

    Parameters
    ----------
    lake : Lake
        Stored candles.
    symbol : str
        Unified symbol.
    staged : pyarrow.Table
        Its candles of a batch, which take the place of stored ones.
    context : Context or None
        None: every candle is read and judged.
    """
    filters: list[Condition] = [("symbol", "=", symbol)]
    if context is not None:
        filters.append(("open_time", ">=", context.begin))
    stored = lake.read_arrow(CANDLES.name, _COLUMNS, filters)
    both = pa.concat_tables([stored, staged.select(_COLUMNS)])
    for group in both.select(["venue", "timeframe"]).group_by(["venue", "timeframe"]).aggregate([]).to_pylist():
        old, new = (
            rows.filter((pc.field("venue") == group["venue"]) & (pc.field("timeframe") == group["timeframe"]))
            for rows in (stored, staged.select(_COLUMNS))
        )
        since_ms = 0 if context is None else context.since_ms(group["venue"], group["timeframe"])
        yield _series(old, new, group["venue"], symbol, group["timeframe"], since_ms)


def _series(old: pa.Table, new: pa.Table, venue: str, symbol: str, timeframe: str, since_ms: int) -> CandleSeries:
    rows = pa.concat_tables([old, new])
    times = rows["open_time"].cast(pa.int64()).to_numpy()
    numbers = [rows[name].to_numpy() for name in _NUMBERS]
    order = np.argsort(times, kind="stable")
    # the last of each time: staged rows stand after stored ones
    chosen = order[np.append(times[order][1:] != times[order][:-1], True)]
    # what is no price at all is the schema's to refuse
    is_sound = np.all([np.isfinite(values[chosen]) for values in numbers], axis=0)
    chosen = chosen[is_sound & np.all([values[chosen] > 0 for values in numbers[:4]], axis=0)]
    stored_times, counts = np.unique(times[: old.num_rows], return_counts=True)
    opened, high, low, close, volume = (values[chosen] for values in numbers)
    repeated = stored_times[counts > 1]
    return CandleSeries(venue, symbol, timeframe, times[chosen], opened, high, low, close, volume, since_ms, repeated)
