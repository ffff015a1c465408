"""Funding per candle, as the environment charges it.

A settlement at T belongs to the candle with open_time < T ≤ open_time + timeframe. What the data
does not know is counted in hours, never filled: a missing settlement is not a rate of zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.core.timeframes import HOUR_MS

# no perpetual of the venue settles less often
LONGEST_INTERVAL_MS = 8 * HOUR_MS


@dataclass(frozen=True, slots=True)
class CandleFunding:
    """Funding columns of candles, float64 (rows,) each.

    Attributes
    ----------
    inner : sum of the rates settled strictly inside the candle.
    at_close : rate settled at the candle's close, 0 when none is known.
    assumed : hours of the candle, 0 … timeframe, that no known settlement covers.
    """

    inner: NDArray[np.float64]
    at_close: NDArray[np.float64]
    assumed: NDArray[np.float64]


def candle_funding(
    open_time: NDArray[np.int64], step_ms: int, funding_time: NDArray[np.int64], rate: NDArray[np.float64]
) -> CandleFunding:
    """Return the funding columns of candles.

    A settlement covers its interval, at most 8 hours: the distance to the one before, or the distance to the next
    where the one before is unusually far. So a missing settlement leaves its interval open, whatever the symbol's
    interval is, and a change of the interval leaves nothing open. After the last known settlement another interval
    is covered, for the next one is not due before.

    Parameters
    ----------
    open_time : int64 (rows,)
        Open times, epoch milliseconds, ascending.
    step_ms : int
        Length of a candle.
    funding_time : int64 (m,)
        Known settlements, epoch milliseconds, strictly ascending.
    rate : float64 (m,)
        Their rates, fraction of the position; positive: longs pay.
    """
    close_time = open_time + step_ms
    after_open = np.searchsorted(funding_time, open_time, side="right")
    before_close = np.searchsorted(funding_time, close_time, side="left")
    inner = np.zeros(len(open_time))
    for offset in range(int((before_close - after_open).max(initial=0))):
        # added one by one: a difference of running totals would leave rounding dust where there is no settlement
        place = after_open + offset
        inside = place < before_close
        inner[inside] += rate[place[inside]]
    at_close = np.zeros(len(open_time))
    due = before_close < len(funding_time)
    due[due] = funding_time[before_close[due]] == close_time[due]
    at_close[due] = rate[before_close[due]]
    return CandleFunding(inner, at_close, _uncovered_hours(open_time, close_time, funding_time))


def _uncovered_hours(
    open_time: NDArray[np.int64], close_time: NDArray[np.int64], funding_time: NDArray[np.int64]
) -> NDArray[np.float64]:
    if len(open_time) == 0 or len(funding_time) == 0:
        return (close_time - open_time) / HOUR_MS
    first, last = int(open_time[0]), int(close_time[-1])
    intervals = _intervals(funding_time)
    grace_end = int(funding_time[-1] + intervals[-1])
    # holes: before the first settlement, between each two, after the last; most have no length
    starts = np.concatenate([[min(first, int(funding_time[0]))], funding_time[:-1], [grace_end]])
    ends = np.concatenate([funding_time - intervals, [max(last, grace_end)]])
    lengths = np.maximum(ends - starts, 0)
    before = np.concatenate([[0], np.cumsum(lengths)])

    def uncovered_until(instant: NDArray[np.int64]) -> NDArray[np.int64]:
        hole = np.searchsorted(starts, instant, side="right") - 1
        total: NDArray[np.int64] = before[hole] + np.clip(instant - starts[hole], 0, lengths[hole])
        return total

    return (uncovered_until(close_time) - uncovered_until(open_time)) / HOUR_MS


def _intervals(funding_time: NDArray[np.int64]) -> NDArray[np.int64]:
    # the distance to the settlement before, unless it stands alone between shorter ones: then one is missing
    distances = np.diff(funding_time)
    longest = np.array([LONGEST_INTERVAL_MS])
    after = np.concatenate([distances, longest])
    before = np.concatenate([after[:1], distances])
    earlier = np.concatenate([before[:2], distances[:-1]])[: len(before)]
    is_usual = (before == earlier) | (before <= after)
    return np.minimum(np.where(is_usual, before, np.minimum(before, after)), LONGEST_INTERVAL_MS)
