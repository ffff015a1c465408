"""The typed container of what features are computed from, and its contiguous runs of candles.

Reading the lake does not belong here (`build.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.errors import InvalidInputError
from include.core.timeframes import TIMEFRAMES_MS, timeframe_ms

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
    funding, open_interest, long_short : DataFrame or None
        Rows of the symbol in the shape of the lake tables, with `known_at`.
    fear_greed, macro : DataFrame or None
        Rows in the shape of the lake tables, with `known_at`.
    reference : dict of DataFrame
        Candles of other symbols, by unified symbol.
    """

    candles: pd.DataFrame
    timeframe: str | None = None
    funding: pd.DataFrame | None = None
    open_interest: pd.DataFrame | None = None
    long_short: pd.DataFrame | None = None
    fear_greed: pd.DataFrame | None = None
    macro: pd.DataFrame | None = None
    reference: dict[str, pd.DataFrame] | None = None

    @cached_property
    def open_time(self) -> NDArray[np.int64]:
        """Open times of the candles (rows,), UTC epoch milliseconds, strictly increasing."""
        times = epoch_ms(self.candles, "open_time")
        if len(times) > 1 and int(np.diff(times).min()) <= 0:
            raise InvalidInputError(
                "`candles` must be in order of open_time without duplicates, was not. Hint: sort and drop duplicates."
            )
        return times

    @cached_property
    def step_ms(self) -> int:
        """Length of a candle in milliseconds."""
        if self.timeframe is not None:
            length = timeframe_ms(self.timeframe)
        elif "timeframe" in self.candles and len(self.candles):
            length = timeframe_ms(str(self.candles["timeframe"].iloc[0]))
        else:
            steps = np.diff(self.open_time)
            length = int(steps.min()) if len(steps) else min(TIMEFRAMES_MS.values())
        if np.any(self.open_time % length != self.open_time[:1] % length):
            raise InvalidInputError(f"`candles` must lie on one grid of {length} ms, did not. Hint: pass `timeframe`.")
        return length

    def segments(self) -> Iterator[tuple[slice, "Segment"]]:
        """Yield each contiguous run of candles with its rows; features start anew in each."""
        columns = {name: self._column(name) for name in (*PRICES, "volume")}
        taker = self._taker_buy_volume()
        _require_sound(columns)
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


def epoch_ms(frame: pd.DataFrame, name: str) -> NDArray[np.int64]:
    """Return the times in column or index `name` of `frame` as UTC epoch milliseconds."""
    if name in frame:
        times = pd.Index(frame[name])
    elif frame.index.name == name:
        times = frame.index
    else:
        raise InvalidInputError(f"`{name}` must be a column or the index of the frame, was neither.")
    if isinstance(times, pd.DatetimeIndex):
        times = times.as_unit("ms").asi8
    elif not pd.api.types.is_integer_dtype(times):
        raise InvalidInputError(f"`{name}` must hold UTC datetimes or epoch milliseconds, was {times.dtype}.")
    return np.array(times, dtype=np.int64)


def other_sources(inputs: FeatureInputs) -> dict[str, pd.DataFrame]:
    """Return the frames of `inputs` that carry `known_at`, by field name."""
    frames = {field.name: getattr(inputs, field.name) for field in fields(inputs)}
    return {name: frame for name, frame in frames.items() if isinstance(frame, pd.DataFrame) and name != "candles"}


def _require_sound(columns: dict[str, NDArray[np.float64]]) -> None:
    for name, values in columns.items():
        lowest = 0.0 if name == "volume" else np.nextafter(0.0, 1.0)
        wrong = ~(np.isfinite(values) & (values >= lowest))
        if wrong.any():
            row = int(np.argmax(wrong))
            rule = "finite and not negative" if name == "volume" else "finite and positive"
            raise InvalidInputError(
                f"`candles.{name}` must be {rule}, was {values[row]} in row {row}. Hint: leave bad candles out."
            )
