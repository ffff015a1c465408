"""Events of other sources as seen from the decision instants of candles, and releases of a series.

Instants and event times are int64 epoch milliseconds; events are in order of the time they became known.
"""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel
from include.features.kernels.windows import moments_back

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
def standing(known_at: Times, since: Times, value: Array, instants: Times, maximum_age: int) -> Array:
    """Return the value of the newest state known at each of the ascending instants, NaN where it is too old.

    A state is known from `known_at` (m,) on, its age counts from `since` (m,).
    """
    out = np.full(instants.size, np.nan)
    newest = -1
    for i in range(instants.size):
        while newest + 1 < known_at.size and known_at[newest + 1] <= instants[i]:
            newest += 1
        if newest >= 0 and instants[i] - since[newest] <= maximum_age:
            out[i] = value[newest]
    return out


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
    # the oldest place from which on every observation has come, in order
    whole_from = 0
    i = 0
    while i < rows:
        start = i
        # observations that come in order: none of them changes the window of another
        while i < rows and place[i] == head + 1:
            head, head_since = place[i], known_at[i]
            known[head], newest[i], since[i] = value[i], value[i], head_since
            i += 1
        if i == start:
            if place[i] > head:
                head = whole_from = place[i]
                head_since = known_at[i]
            known[place[i]] = value[i]
            newest[i], since[i] = known[head], head_since
            i += 1
        # from here on whole windows lie side by side; a revision stands alone
        side_by_side = i - 1 - head + whole_from + n - 1 if place[i - 1] == head else i
        asked = max(start, first)
        for k in range(asked, min(side_by_side, i)):
            if _newest_observations(known, head - (i - 1 - k), window):
                earliest[k] = window[0]
                moments_back(window, n, 1, n - 1, mean[k : k + 1], deviation[k : k + 1])
        k = max(asked, side_by_side)
        if k < i:
            own = head - (i - 1 - k)
            earliest[k:i] = known[own - n + 1 : own - n + 1 + i - k]
            moments_back(known, n, 1, own, mean[k:i], deviation[k:i])
    newest[:first] = np.nan
    return newest, earliest, mean, deviation, since


@kernel
def _newest_observations(known: Array, head: int, window: Array) -> bool:
    # writes the newest observations up to `head` to `window`, oldest first; False where there are fewer
    missing = window.size
    while head >= 0 and missing:
        if not np.isnan(known[head]):
            missing -= 1
            window[missing] = known[head]
        head -= 1
    return missing == 0
