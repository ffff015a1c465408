"""Events of other sources (settlements, releases) as seen from the decision instants of candles.

Instants and event times are int64 epoch milliseconds; events are in order of the time they became known.
"""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel

Array = NDArray[np.float64]
Times = NDArray[np.int64]


@kernel
def newest_known(known_at: Times, instants: Times) -> Times:
    """Return the place of the last event known at each of the ascending instants, −1 before the first."""
    out = np.empty(instants.size, dtype=np.int64)
    newest = -1
    for i in range(instants.size):
        while newest + 1 < known_at.size and known_at[newest + 1] <= instants[i]:
            newest += 1
        out[i] = newest
    return out


@kernel
def joined(known_at: Times, event: Times, value: Array, instants: Times, maximum_age: int) -> Array:
    """Return the value of the newest event known at each of the ascending instants, NaN where it is too old.

    Of several values of one event the one known last counts; one of an older event never hides a newer event.
    """
    out = np.full(instants.size, np.nan)
    seen = -1
    newest = -1
    for i in range(instants.size):
        while seen + 1 < known_at.size and known_at[seen + 1] <= instants[i]:
            seen += 1
            if newest < 0 or event[seen] >= event[newest]:
                newest = seen
        if newest >= 0 and instants[i] - known_at[newest] <= maximum_age:
            out[i] = value[newest]
    return out


@kernel
def settled_sum(time: Times, rate: Array, instants: Times, length: int, longest: int) -> Array:
    """Return the sum of the rates settled in (instant − length, instant].

    NaN where the window has a hole: two settlements more than `longest` milliseconds apart, no settlement in the
    newest `longest`, or none in the oldest. Rates are added one by one, newest first: no running total drifts.
    """
    out = np.full(instants.size, np.nan)
    newest = newest_known(time, instants)
    for i in range(instants.size):
        start = instants[i] - length
        later = instants[i]
        total = 0.0
        place = newest[i]
        # the newest must be due less than the longest interval ago, or the one at the instant itself is missing
        whole = place >= 0 and instants[i] - time[place] < longest
        while whole and place >= 0 and time[place] > start:
            whole = later - time[place] <= longest
            later = time[place]
            total += rate[place]
            place -= 1
        if whole and later - longest <= start:
            out[i] = total
    return out


@kernel
def settled_score(time: Times, rate: Array, first: int, n: int, length: int) -> Array:
    """Return how unusual the rates settled last are, at settlement `first` and every later one: (m − first,).

    The rates settled in (time − length, time] against those of the `n` windows of that length that end there, this one
    included: population deviations above their mean, 0 when all are equal. NaN where two settlements lie more than
    `length` milliseconds apart, or the history does not reach back far enough.
    """
    out = np.full(max(time.size - first, 0), np.nan)
    sums = np.zeros(n)
    for i in range(first, time.size):
        sums[:] = 0.0
        start = time[i] - n * length
        window = 0
        end = time[i] - length
        later = time[i]
        place = i
        while place >= 0 and time[place] > start and later - time[place] <= length:
            while time[place] <= end:
                window += 1
                end -= length
            sums[window] += rate[place]
            later = time[place]
            place -= 1
        # stopped by the window's start and not by a hole or the end of history
        if later - length <= start:
            mean, deviation = _moments(sums, n)
            out[i - first] = 0.0 if deviation == 0.0 else (sums[0] - mean) / deviation
    return out


@kernel
def _moments(values: Array, n: int) -> tuple[float, float]:
    # taken from the first value on: equal ones have exactly no deviation
    mean = 0.0
    for k in range(n):
        mean += values[k] - values[0]
    mean = values[0] + mean / n
    square = 0.0
    for k in range(n):
        square += (values[k] - mean) ** 2
    return mean, np.sqrt(square / n)


@kernel
def released(
    place: Times, value: Array, known_at: Times, first: int, n: int
) -> tuple[Array, Array, Array, Array, Times]:
    """Return what is known of a series of releases after each event, from event `first` on.

    A later event of the same place replaces the value from then on: a revision. Places without a value are passed over.

    Parameters
    ----------
    place : int64 (m,)
        Which observation each event is about, 0 for the oldest day.
    value : float64 (m,)
        Its value, without NaN.
    known_at : int64 (m,)
        Ascending.
    first : int
        Events before it are taken in, but nothing is computed for them.
    n : int
        Newest observations looked at.

    Returns
    -------
    newest, earliest, mean, deviation : float64 (m,)
        Of the newest `n` observations; all but `newest` NaN while there are fewer. A constant window has deviation 0.
    since : int64 (m,)
        When the newest observation became known; a revision does not make it younger.
    """
    rows = value.size
    newest = np.full(rows, np.nan)
    earliest = np.full(rows, np.nan)
    mean = np.full(rows, np.nan)
    deviation = np.full(rows, np.nan)
    since = np.zeros(rows, dtype=np.int64)
    known = np.full(place.max() + 1 if rows else 0, np.nan)
    window = np.zeros(n)
    head = -1
    head_since = 0
    for i in range(rows):
        known[place[i]] = value[i]
        if place[i] > head:
            head = place[i]
            head_since = known_at[i]
        since[i] = head_since
        if i < first:
            continue
        newest[i] = known[head]
        count = 0
        k = head
        while k >= 0 and count < n:
            if not np.isnan(known[k]):
                window[count] = known[k]
                count += 1
            k -= 1
        if count == n:
            earliest[i] = window[n - 1]
            mean[i], deviation[i] = _moments(window, n)
    return newest, earliest, mean, deviation, since
