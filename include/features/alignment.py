"""The as-of join on `known_at`: the only way in which a value of another source reaches a candle."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from include.core.errors import InvalidInputError

MAXIMUM_AGE: dict[str, timedelta] = {
    # how long a value of the source stands for the present once it is known
    "funding_rates": timedelta(hours=8),
    "fear_greed": timedelta(days=2),
    # a holiday weekend in a daily series
    "macro": timedelta(days=5),
}


def as_of(
    known_at: NDArray[np.int64],
    values: NDArray[np.float64],
    instants: NDArray[np.int64],
    maximum_age: timedelta,
    event_time: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Return the value known at each instant, NaN where none is or the newest one is too old.

    Parameters
    ----------
    known_at : int64 (m,)
        First instant at which each value may be used, epoch milliseconds, ascending.
    values : float64 (m,)
        The values.
    instants : int64 (n,)
        Decision instants, epoch milliseconds: `open_time + timeframe` of candles.
    maximum_age : timedelta
        Longest time between `known_at` and the instant; see `MAXIMUM_AGE`.
    event_time : int64 (m,) or None
        What each value is about. A late revision of an older event then never hides a newer event.

    Returns
    -------
    float64 (n,)

    Raises
    ------
    InvalidInputError
        `known_at` is not in order.
    """
    if len(known_at) > 1 and int(np.diff(known_at).min()) < 0:
        raise InvalidInputError("`known_at` must be in ascending order, was not. Hint: sort by known_at.")
    if event_time is not None:
        current = event_time >= np.maximum.accumulate(event_time)
        known_at, values = known_at[current], values[current]
    if len(known_at) == 0:
        return np.full(len(instants), np.nan)
    newest = np.searchsorted(known_at, instants, side="right") - 1
    found = np.maximum(newest, 0)
    fresh = (newest >= 0) & (instants - known_at[found] <= maximum_age // timedelta(milliseconds=1))
    return np.where(fresh, values[found], np.nan)
