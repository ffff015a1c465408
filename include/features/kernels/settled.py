"""Sums and scores of settled rates over windows of time, whatever the interval between settlements is.

Times are int64 epoch milliseconds, ascending; rates float64, one each.
"""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.averages import ratio
from include.features.kernels.events import newest_known
from include.features.kernels.jit import kernel
from include.features.kernels.windows import moments_back

Array = NDArray[np.float64]
Times = NDArray[np.int64]


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
    newest, stride, even = _windows_back(time, rate, length)
    mean = np.full(time.size, np.nan)
    deviation = np.full(time.size, np.nan)
    sums = np.zeros(n)
    i = first
    while i < time.size:
        stop = i + 1
        if even[i] >= n:
            while stop < time.size and even[stop] >= n and stride[stop] == stride[i]:
                stop += 1
            moments_back(newest, n, stride[i], i, mean[i:stop], deviation[i:stop])
        elif _uneven_windows(time, rate, i, length, sums):
            moments_back(sums, n, -1, 0, mean[i:stop], deviation[i:stop])
        i = stop
    return ratio(newest[first:] - mean[first:], deviation[first:], 0.0)


@kernel
def _windows_back(time: Times, rate: Array, length: int) -> tuple[Array, Times, Times]:
    # per settlement: the sum of the window that ends there; how many rows earlier the window before ends, 0 where no
    # settlement does; and for how many windows, the own one included, that stride holds
    newest = np.zeros(time.size)
    stride = np.zeros(time.size, dtype=np.int64)
    even = np.ones(time.size, dtype=np.int64)
    before = -1
    for i in range(time.size):
        while time[before + 1] <= time[i] - length:
            before += 1
        if before >= 0 and time[before] == time[i] - length:
            stride[i] = i - before
            even[i] = 1 + (even[before] if stride[before] == stride[i] else 1)
        place = i
        while place >= 0 and time[place] > time[i] - length:
            newest[i] += rate[place]
            place -= 1
    return newest, stride, even


@kernel
def _uneven_windows(time: Times, rate: Array, i: int, length: int, sums: Array) -> bool:
    # writes the rates of each window up to settlement `i` to `sums`, newest first; False where there is a hole
    sums[:] = 0.0
    start = time[i] - sums.size * length
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
    # stopped by the windows' start and not by a hole or the end of history
    is_whole: bool = later - length <= start
    return is_whole
