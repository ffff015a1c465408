"""Closes of one symbol on two venues: arbitrage keeps them together, so what is far apart is wrong on one of them."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from include.core.checks import Severity
from include.validation.candle_series import CandleSeries
from include.validation.findings import Finding, SeriesCheck
from include.validation.limits import VENUE_CLOSE_BPS, VENUE_FEWEST, VENUE_MEDIAN_BPS


def distances(one: CandleSeries, other: CandleSeries) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return how far the closes of two venues are apart.

    Parameters
    ----------
    one, other : CandleSeries
        One symbol and timeframe.

    Returns
    -------
    positions : int64 (n,)
        Candles of `one` that both have and that are judged.
    distance : float64 (n,)
        Distance of the closes over their middle, basis points.
    """
    _, ours, theirs = np.intersect1d(one.open_time, other.open_time, assume_unique=True, return_indices=True)
    judged = one.open_time[ours] >= min(one.since_ms, other.since_ms)
    ours, theirs = ours[judged], theirs[judged]
    middle = (one.close[ours] + other.close[theirs]) / 2
    return ours, np.abs(one.close[ours] - other.close[theirs]) / middle * 10_000


def _far(series: Sequence[CandleSeries]) -> list[Finding]:
    findings = []
    for one, other in _pairs(series):
        positions, distance = distances(one, other)
        for place in np.flatnonzero(distance > VENUE_CLOSE_BPS).tolist():
            text = f"{one.name} {one.at(positions[place])} {distance[place]:.0f} bp"
            findings.append(Finding(one.symbol, f"{text} ({one.venue}, {other.venue})"))
    return findings


def _apart(series: Sequence[CandleSeries]) -> list[Finding]:
    findings = []
    for one, other in _pairs(series):
        _, distance = distances(one, other)
        if len(distance) >= VENUE_FEWEST and np.median(distance) > VENUE_MEDIAN_BPS:
            text = f"{one.name} {np.median(distance):,.0f} bp at the median ({one.venue}, {other.venue})"
            findings.append(Finding(one.symbol, text, len(distance)))
    return findings


def _pairs(series: Sequence[CandleSeries]) -> list[tuple[CandleSeries, CandleSeries]]:
    ordered = sorted(series, key=lambda one: (one.timeframe, one.venue))
    return [(one, other) for one, other in combinations(ordered, 2) if one.timeframe == other.timeframe]


VENUE_DISTANCES = SeriesCheck(
    "venue_distances",
    _far,
    "Closes are far from another venue's",
    "No close is far from another venue's.",
    Severity.WARNING,
    f"{VENUE_CLOSE_BPS:g} bp",
)
VENUE_MISMATCH = SeriesCheck(
    "venue_mismatch",
    _apart,
    "Candles are another market's than on the other venue",
    "No symbol is another market on another venue.",
    Severity.EXCLUDE,
    f"{VENUE_MEDIAN_BPS:g} bp at the median of {VENUE_FEWEST} candles or more",
)
