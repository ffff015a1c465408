"""The typed container of what features are computed from, and its contiguous runs of candles.

Reading the lake does not belong here (`sources.py`), joining sources to candles neither (`alignment.py`), nor what
a frame of one source is made into (`timelines.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.clock import format_utc, from_ms
from include.core.errors import InvalidInputError
from include.core.timeframes import TIMEFRAMES_MS, length_name, timeframe_ms
from include.features.timelines import Shared, Timeline, epoch_ms, require_sound, timeline

PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class FeatureInputs:
    """Everything known about one symbol, one frame per source.

    Attributes
    ----------
    candles : DataFrame
        Closed candles in order of open time: `open_time` (column or index; datetime64, naive read as UTC, or
        epoch milliseconds), `open`, `high`, `low`, `close` (quote per base), `volume` (base) and, where the source
        has it, `taker_buy_volume` (base). Missing candles are missing rows.
    timeframe : str or None
        Length of a candle; None takes the `timeframe` column, or else the shortest step in `candles`.
    funding : DataFrame or None
        Settlements of the symbol: `funding_time`, `funding_rate` (fraction; positive: longs pay), `known_at`.
    open_interest, long_short, premium_index : DataFrame or None
        Rows of the symbol: `timestamp`, `known_at` and `open_interest` (base), `long_short_ratio` (longs per short) or
        `premium_index` (fraction of the index price).
    fear_greed : DataFrame or None
        `timestamp`, `value` (0 … 100), `known_at`.
    macro : DataFrame or None
        `series`, `date`, `value`, `known_at`, one row per vintage: a date may come again, known later.
    reference : dict of DataFrame or None
        Candles of other symbols, by unified symbol: `open_time`, `close`.
    shared : Shared or None
        Holds the same `fear_greed`, `macro` and `reference` objects for many symbols, so that they are read once; with
        any other object in their place it is passed over.

    Notes
    -----
    A frame that is None or empty is a source that is absent: its features have no value.
    """

    candles: pd.DataFrame
    timeframe: str | None = None
    funding: pd.DataFrame | None = None
    open_interest: pd.DataFrame | None = None
    long_short: pd.DataFrame | None = None
    premium_index: pd.DataFrame | None = None
    fear_greed: pd.DataFrame | None = None
    macro: pd.DataFrame | None = None
    reference: dict[str, pd.DataFrame] | None = None
    shared: Shared | None = None

    @cached_property
    def open_time(self) -> NDArray[np.int64]:
        """Open times of the candles (rows,), UTC epoch milliseconds, strictly increasing."""
        times = epoch_ms(self.candles, "open_time")
        wrong = np.flatnonzero(times[1:] <= times[:-1])
        if len(wrong):
            before, after = (int(time) for time in times[wrong[0] : wrong[0] + 2])
            raise InvalidInputError(_disorder(before, after))
        return times

    @cached_property
    def step_ms(self) -> int:
        """Length of a candle in milliseconds."""
        if self.timeframe is not None:
            length = timeframe_ms(self.timeframe)
        elif "timeframe" in self.candles and len(self.candles):
            length = timeframe_ms(str(self.candles["timeframe"].iloc[0]))
        else:
            length = int(self._steps.min()) if len(self._steps) else min(TIMEFRAMES_MS.values())
        if np.any(self._steps[self._steps != length] % length):
            raise InvalidInputError(f"`candles` must lie on one grid of {length_name(length)}, did not.")
        return length

    @cached_property
    def _steps(self) -> NDArray[np.int64]:
        return np.diff(self.open_time)

    @cached_property
    def funding_line(self) -> Timeline:
        """Settled funding rates by settlement."""
        return timeline(self.funding, "funding_time", "funding_rate")

    @cached_property
    def open_interest_line(self) -> Timeline:
        """Open interest, base."""
        return timeline(self.open_interest, "timestamp", "open_interest")

    @cached_property
    def long_short_line(self) -> Timeline:
        """Longs per short."""
        return timeline(self.long_short, "timestamp", "long_short_ratio")

    @cached_property
    def premium_line(self) -> Timeline:
        """Premium of the perpetual over the index, fraction."""
        return timeline(self.premium_index, "timestamp", "premium_index")

    @cached_property
    def fear_greed_line(self) -> Timeline:
        """Fear and greed index, 0 … 100."""
        return self._market_wide.fear_greed_line

    @cached_property
    def macro_lines(self) -> dict[str, Timeline]:
        """Macro series by id."""
        return self._market_wide.macro_lines

    @cached_property
    def reference_lines(self) -> dict[str, Timeline]:
        """Closes of other symbols, each known at the close of its candle."""
        return {
            symbol: Timeline(opened + self.step_ms, opened, closes)
            for symbol, (opened, closes) in self._market_wide.reference_closes.items()
        }

    @cached_property
    def _market_wide(self) -> Shared:
        own = Shared(self.fear_greed, self.macro, self.reference)
        return self.shared if self.shared is not None and self.shared.holds(own) else own

    def segments(self) -> Iterator[tuple[slice, "Segment"]]:
        """Yield each contiguous run of candles with its rows; features start anew in each."""
        columns = {name: self._column(name) for name in (*PRICES, "volume")}
        taker = self._taker_buy_volume()
        require_sound(columns, "candles")
        for rows in contiguous_runs(self.open_time, self.step_ms):
            arrays = {name: values[rows] for name, values in columns.items()}
            yield rows, Segment(self.step_ms, self.open_time[rows], taker_buy_volume=taker[rows], **arrays)

    def _column(self, name: str) -> NDArray[np.float64]:
        if name not in self.candles:
            raise InvalidInputError(f"`candles` must have a column `{name}`, had {', '.join(map(str, self.candles))}.")
        # a copy: pandas hands out read-only memory, for which the kernels would be compiled a second time
        return np.array(self.candles[name], dtype=np.float64)

    def _taker_buy_volume(self) -> NDArray[np.float64]:
        if "taker_buy_volume" in self.candles:
            return self.candles["taker_buy_volume"].to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        return np.full(len(self.candles), np.nan)


def _disorder(before: int, after: int) -> str:
    shown = format_utc(from_ms(after))
    if before == after:
        return f"`candles` must have each open_time once, has {shown} again. Hint: drop duplicates."
    return f"`candles` must be in order of open_time, has {shown} after {format_utc(from_ms(before))}. Hint: sort."


@dataclass(frozen=True, slots=True)
class Segment:
    """Candles without a gap between them: contiguous float64 arrays (rows,), open times in epoch milliseconds.

    `taker_buy_volume` is NaN where the source has none.
    """

    step_ms: int
    open_time: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    taker_buy_volume: NDArray[np.float64]


def contiguous_runs(open_time: NDArray[np.int64], step_ms: int) -> Iterator[slice]:
    """Yield the rows of each run of candles without a missing one between them."""
    breaks = np.flatnonzero(np.diff(open_time) != step_ms) + 1
    edges = [0, *breaks.tolist(), len(open_time)]
    for start, stop in pairwise(edges):
        yield slice(start, stop)


def run_positions(open_time: NDArray[np.int64], step_ms: int) -> NDArray[np.int64]:
    """Return for each candle how many candles of its contiguous run came before it."""
    positions = np.empty(len(open_time), dtype=np.int64)
    for rows in contiguous_runs(open_time, step_ms):
        positions[rows] = np.arange(rows.stop - rows.start)
    return positions


def other_sources(inputs: FeatureInputs) -> dict[str, pd.DataFrame]:
    """Return the frames of `inputs` that carry `known_at`, by field name."""
    frames = {field.name: getattr(inputs, field.name) for field in fields(inputs)}
    return {name: frame for name, frame in frames.items() if isinstance(frame, pd.DataFrame) and name != "candles"}
