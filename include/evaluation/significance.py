"""Whether a result can be luck: p-values against shifted signals, rates of luck with their uncertainty."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy import stats

from include.core.errors import InvalidInputError


class Rate(BaseModel):
    """A share of draws with the 95 % interval of Wilson (1927)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float
    low: float
    high: float
    draws: int


def rate_of(hits: Sequence[bool] | NDArray[np.bool_]) -> Rate:
    """Return the share of `hits` that are true, and what it may truly be; at least one is needed."""
    draws = len(hits)
    if not draws:
        raise InvalidInputError("`hits` must hold at least one draw, was empty.")
    count = int(np.sum(hits))
    interval = stats.binomtest(count, draws).proportion_ci(0.95, method="wilson")
    return Rate(share=count / draws, low=float(interval.low), high=float(interval.high), draws=draws)


def shift_p_value(observed: float | None, shifted: NDArray[np.float64]) -> float | None:
    """Return the probability that signals at the wrong time would score as well: (1 + #{shifted ≥ observed}) / (1 + n).

    The observed result counts among its own shifts, so the value is never 0 (Phipson and Smyth, 2010).

    Parameters
    ----------
    observed : float or None
        Score at the true time; None has no p-value.
    shifted : float64 (n,)
        Scores of the shifts. One that is undefined counts as not as good: it did nothing.
    """
    if observed is None or not len(shifted):
        return None
    better = np.nan_to_num(shifted, nan=-np.inf) >= observed
    return (1 + int(better.sum())) / (1 + len(shifted))


def shifts_of(candles: int, count: int, least: int, seed: int) -> NDArray[np.int64]:
    """Return up to `count` distinct shifts of `candles`, ascending, none nearer than `least` to no shift at all.

    Parameters
    ----------
    candles : int
        Length of the window.
    count : int
        Shifts wanted; all there are where the window has fewer.
    least : int
        Smallest distance to the true time, in both directions: signals one candle off are nearly the same signals.
    seed : int
        Of the draw.
    """
    possible = np.arange(least, candles - least + 1)
    if not len(possible):
        return possible
    chosen = np.random.default_rng(seed).permutation(possible)[:count]
    return np.sort(chosen)
