"""Candles of one timeframe against those of a longer one that they make up: reported, never repaired."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from include.core.checks import Severity
from include.core.clock import format_utc, from_ms
from include.core.timeframes import HOUR_MS
from include.validation.candle_series import CandleSeries
from include.validation.findings import Finding, SeriesCheck
from include.validation.limits import TIMEFRAME_FEWEST, TIMEFRAME_PRICE, TIMEFRAME_SHARE, TIMEFRAME_VOLUME

# zones of the world: a file in local time is off by one of them
_ZONES = tuple(hours for hours in range(-12, 15) if hours)
# quote volume over base volume is the mean price of the candle, near its close
_NEAR = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """Longer candles beside those that the shorter ones make up; only complete ones, and only judged ones.

    Parameters
    ----------
    open_time : int64 (n,)
        Longer candles that have all of their shorter ones.
    told, made : float64 (n, 5)
        Open, high, low, close and volume, as they are and as the shorter ones make them.
    """

    open_time: NDArray[np.int64]
    told: NDArray[np.float64]
    made: NDArray[np.float64]

    @property
    def differs(self) -> NDArray[np.bool_]:
        """Whether a price or the volume differs, bool (n,)."""
        return self._off(slice(0, 4), TIMEFRAME_PRICE) | self._off(slice(4, 5), TIMEFRAME_VOLUME)

    @property
    def prices_differ(self) -> NDArray[np.bool_]:
        """Whether a price differs, bool (n,)."""
        return self._off(slice(0, 4), TIMEFRAME_PRICE)

    def _off(self, columns: slice, limit: float) -> NDArray[np.bool_]:
        told, made = self.told[:, columns], self.made[:, columns]
        return np.asarray(np.any(np.abs(made - told) > limit * np.abs(told), axis=1))


def compare(short: CandleSeries, long: CandleSeries, shift_ms: int = 0) -> Comparison:
    """Return the candles of `long` beside those that `short`, moved back by `shift_ms`, makes up.

    Parameters
    ----------
    short, long : CandleSeries
        One venue and symbol; the longer timeframe is a multiple of the shorter one.
    shift_ms : int
        By how much the times of `short` are late.
    """
    times, length = short.open_time - shift_ms, long.length_ms
    buckets = times - times % length
    starts = np.flatnonzero(np.diff(buckets, prepend=buckets[:1] - 1))
    if not len(starts):
        return Comparison(starts, np.zeros((0, 5)), np.zeros((0, 5)))
    is_whole = np.diff(starts, append=len(times)) == length // short.length_ms
    stops = np.append(starts[1:], len(times)) - 1
    made = np.column_stack(
        [
            short.open[starts],
            np.maximum.reduceat(short.high, starts),
            np.minimum.reduceat(short.low, starts),
            short.close[stops],
            np.add.reduceat(short.volume, starts),
        ]
    )
    since = min(short.since_ms, long.since_ms)
    is_judged = is_whole & (buckets[starts] + length > since)
    common, ours, theirs = np.intersect1d(buckets[starts][is_judged], long.open_time, return_indices=True)
    told = np.column_stack([long.open, long.high, long.low, long.close, long.volume])
    return Comparison(common, told[theirs], made[is_judged][ours])


def _disagreements(series: Sequence[CandleSeries]) -> list[Finding]:
    return [
        Finding(long.symbol, f"{short.name} does not make the {long.timeframe} candle of {_at(open_time)}")
        for short, long in _pairs(series)
        for open_time in _compared(short, long)
    ]


def _compared(short: CandleSeries, long: CandleSeries) -> list[int]:
    found = compare(short, long)
    times: list[int] = found.open_time[found.differs].tolist()
    return times


def _mismatches(series: Sequence[CandleSeries]) -> list[Finding]:
    """Find symbols of which most candles differ, and say why where that is plain."""
    findings = []
    for short, long in _pairs(series):
        found = compare(short, long)
        share = float(found.differs.mean()) if len(found.open_time) >= TIMEFRAME_FEWEST else 0.0
        if share > TIMEFRAME_SHARE:
            text = f"{short.venue} {short.name} against {long.timeframe}: {share:.0%} differ"
            findings.append(Finding(long.symbol, f"{text}{_reason(short, long)}", int(found.differs.sum())))
    return findings


def _reason(short: CandleSeries, long: CandleSeries) -> str:
    hours = next((zone for zone in (0, *_ZONES) if _has_equal_prices(compare(short, long, zone * HOUR_MS))), None)
    if hours is None:
        return ""
    times = f", times are {abs(hours)} h too {'late' if hours > 0 else 'early'}" if hours else ""
    return times + _unit(compare(short, long, hours * HOUR_MS))


def _unit(found: Comparison) -> str:
    told, made = found.told[:, 4], found.made[:, 4]
    traded = told > 0
    if not traded.any():
        return ""
    ratio = float(np.median(made[traded] / told[traded] / found.told[traded, 3]))
    return ", volume is in quote units" if abs(ratio - 1) < _NEAR else ""


def _has_equal_prices(found: Comparison) -> bool:
    return len(found.open_time) > 0 and not found.prices_differ.mean() > TIMEFRAME_SHARE


def _pairs(series: Sequence[CandleSeries]) -> list[tuple[CandleSeries, CandleSeries]]:
    """Return each timeframe beside the next longer one of the same venue."""
    ordered = sorted(series, key=lambda one: (one.venue, one.length_ms))
    return [(short, long) for short, long in pairwise(ordered) if short.venue == long.venue]


def _at(open_time: int) -> str:
    return format_utc(from_ms(open_time))


TIMEFRAME_DISAGREEMENTS = SeriesCheck(
    "timeframe_disagreements",
    _disagreements,
    "Candles are not what shorter ones make up",
    "Every timeframe makes up the next longer one.",
    Severity.WARNING,
)
TIMEFRAME_MISMATCH = SeriesCheck(
    "timeframe_mismatch",
    _mismatches,
    "Candles are of another time, unit or market",
    "Timeframes tell the same market.",
    Severity.EXCLUDE,
    f"{TIMEFRAME_SHARE:.0%} of {TIMEFRAME_FEWEST} candles or more",
)
