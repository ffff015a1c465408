"""Candles that stand still: the mark of a feed that goes on telling what it told before."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from include.core.checks import Severity
from include.validation.candle_series import CandleSeries
from include.validation.findings import Finding, SeriesCheck
from include.validation.limits import REPEATED_CANDLES, STILL_CANDLES


def _now(series: Sequence[CandleSeries]) -> list[Finding]:
    return [
        _told(candles, *run) for candles in series for run in frozen_runs(candles) if run[1] == len(candles.open_time)
    ]


def _before(series: Sequence[CandleSeries]) -> list[Finding]:
    return [
        _told(candles, *run) for candles in series for run in frozen_runs(candles) if run[1] < len(candles.open_time)
    ]


FROZEN_FEED = SeriesCheck(
    "frozen_feed", _now, "The newest candles stand still", "The newest candles move.", Severity.EXCLUDE
)
FROZEN_CANDLES = SeriesCheck(
    "frozen_candles",
    _before,
    "Candles stood still",
    "No candle stood still for longer than markets do.",
    Severity.WARNING,
)


def frozen_runs(candles: CandleSeries) -> list[tuple[int, int]]:
    """Return the runs of frozen candles that reach a judged one, as first position and the one after the last.

    Candles are frozen where they repeat the one before them in every number though something was traded, which no
    market does, or where the price does not move at all for longer than markets do (`limits.STILL_CANDLES`).
    """
    adjacent = np.diff(candles.open_time) == candles.length_ms
    numbers = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    same = adjacent & np.all([values[1:] == values[:-1] for values in numbers], axis=0) & (candles.volume[1:] > 0)
    still = adjacent & (candles.high[1:] == candles.low[1:]) & (candles.close[1:] == candles.close[:-1])
    long = _longer(same, REPEATED_CANDLES) | _longer(still, STILL_CANDLES[candles.timeframe])
    return [
        (first + 1, stop + 1)
        for first, stop in zip(*_edges(long), strict=True)
        if candles.open_time[stop] >= candles.since_ms
    ]


def _longer(mask: NDArray[np.bool_], limit: int) -> NDArray[np.bool_]:
    """Return `mask` without its runs of `limit` or fewer."""
    long = np.zeros(len(mask), bool)
    for first, stop in zip(*_edges(mask), strict=True):
        long[first:stop] = stop - first > limit
    return long


def _edges(mask: NDArray[np.bool_]) -> tuple[list[int], list[int]]:
    steps = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist()


def _told(candles: CandleSeries, first: int, stop: int) -> Finding:
    text = f"{candles.name} {candles.at(first)} – {candles.at(stop - 1)} at {candles.close[first]:g}"
    return Finding(candles.symbol, f"{text} ({stop - first})", stop - first)
