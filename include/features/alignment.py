"""The as-of join on `known_at`: the only way in which a value of another source reaches a candle."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from include.core.errors import InvalidInputError
from include.features.kernels.events import joined, released, standing
from include.features.timelines import Timeline

Array = NDArray[np.float64]
Times = NDArray[np.int64]

MAXIMUM_AGE: dict[str, timedelta] = {
    # how long a value of the source stands for the present once it is known
    "funding_rates": timedelta(hours=8),
    # the longest period at which a candle of 4 hours asks for them
    "open_interest": timedelta(hours=4),
    "long_short_ratio": timedelta(hours=4),
    "premium_index": timedelta(hours=4),
    # one missing day
    "fear_greed": timedelta(days=2),
    # a holiday weekend in a daily series
    "macro_daily": timedelta(days=5),
    # a week, a holiday on the Monday of release, a day
    "macro_weekly": timedelta(days=10),
    # a month, and a weekend or holiday before the first business day
    "macro_monthly": timedelta(days=40),
    # candles close together: the reference's own candle of this instant or nothing
    "reference": timedelta(0),
}


@dataclass(frozen=True, slots=True)
class Trailing:
    """The newest observations of a series as known after each release, float64 (m,) each.

    Attributes
    ----------
    known_at, since : int64 (m,)
        When each state of knowledge begins, and when its newest observation was first known.
    newest : value of the newest observation.
    earliest : value of the oldest of them.
    mean, deviation : mean and population deviation over them; a constant window has deviation 0.
    """

    known_at: Times
    since: Times
    newest: Array
    earliest: Array
    mean: Array
    deviation: Array

    def at(self, values: Array, instants: Times, maximum_age: timedelta) -> Array:
        """Return what of `values` (m,) holds at each of the ascending instants, NaN where the newest is too old."""
        return standing(self.known_at, self.since, values, instants, _milliseconds(maximum_age))


def as_of(
    known_at: Times, values: Array, instants: Times, maximum_age: timedelta, event_time: Times | None = None
) -> Array:
    """Return the value known at each instant, NaN where none is or the newest one is too old.

    Parameters
    ----------
    known_at : int64 (m,)
        First instant at which each value may be used, epoch milliseconds, ascending.
    values : float64 (m,)
        The values.
    instants : int64 (n,)
        Decision instants, epoch milliseconds, ascending: `open_time + timeframe` of candles.
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
    events = known_at if event_time is None else event_time
    return joined(known_at, events, values, instants, _milliseconds(maximum_age))


def at(line: Timeline, instants: Times, source: str) -> Array:
    """Return the value of `line` known at each of the ascending instants, as old as `MAXIMUM_AGE` allows `source`."""
    return joined(line.known_at, line.event, line.value, instants, _milliseconds(MAXIMUM_AGE[source]))


def trailing(line: Timeline, n: int, from_ms: int) -> Trailing:
    """Return the newest `n` observations of `line` as known after each release.

    An observation counts with the vintage known then: a later revision changes nothing before it. The age counts from
    the first time the newest observation was known.

    Parameters
    ----------
    line : Timeline
        Observations; `event` is the day each is about.
    n : int
        Observations looked at.
    from_ms : int
        What was known earlier, epoch milliseconds, is never asked for.
    """
    first = max(int(np.searchsorted(line.known_at, from_ms, side="right")) - 1, 0)
    place = _places(line.event)
    newest, earliest, mean, deviation, since = released(place, line.value, line.known_at, first, n)
    return Trailing(line.known_at, since, newest, earliest, mean, deviation)


def _places(events: Times) -> Times:
    # rank of each event among the distinct ones
    if np.all(events[1:] > events[:-1]):
        return np.arange(len(events))
    return np.unique(events, return_inverse=True)[1]


def _milliseconds(age: timedelta) -> int:
    return age // timedelta(milliseconds=1)
