"""Breaks of market structure: a close beyond a swing that was known by then.

A break along the trend is a break of structure (BOS), one against it a change of character (CHoCH), and the trend is
the direction of the last break.
"""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel
from include.features.kernels.swings import HIGH, Kinds

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

UP = 1
DOWN = -1
_NONE = -1


@kernel
def breaks(high: Array, low: Array, close: Array, swings: Rows, kinds: Kinds, delay: int) -> tuple[Rows, Kinds, Rows]:
    """Return the breaks: their rows, directions (1 up, −1 down), and the rows of the swings they break.

    A break is the first close above the newest swing high, or below the newest swing low, among those known at its own
    row; a swing is broken once.

    Parameters
    ----------
    high, low, close : float64 (rows,)
        Prices.
    swings, kinds : (swings,)
        From `swings.swing_points`.
    delay : int
        Rows after its own in which a swing is known: the length of the swings.
    """
    at = np.empty(close.size, dtype=np.int64)
    direction = np.empty(close.size, dtype=np.int8)
    broken = np.empty(close.size, dtype=np.int64)
    size = 0
    above = _NONE
    below = _NONE
    following = 0
    for i in range(close.size):
        while following < swings.size and swings[following] + delay == i:
            if kinds[following] == HIGH:
                above = swings[following]
            else:
                below = swings[following]
            following += 1
        if above != _NONE and close[i] > high[above]:
            at[size], direction[size], broken[size] = i, UP, above
            above = _NONE
            size += 1
        if below != _NONE and close[i] < low[below]:
            at[size], direction[size], broken[size] = i, DOWN, below
            below = _NONE
            size += 1
    return at[:size].copy(), direction[:size].copy(), broken[:size].copy()


@kernel
def structure(at: Rows, direction: Kinds, half: int, out: Array) -> None:
    """Write to `out` the trend −1, 0, 1 and the recencies of BOS up, BOS down, CHoCH up and CHoCH down.

    The trend is 0 before the first break, which is a BOS. A recency is `half` / (`half` + candles since), 0 before the
    first: a quotient rather than an exponential, because one division rounds the same everywhere.

    Parameters
    ----------
    at, direction : (breaks,)
        From `breaks`.
    half : int
        Candles after which an event is half as recent.
    out : float64 (5, rows)
        Overwritten.
    """
    trend = 0.0
    # of BOS up, BOS down, CHoCH up, CHoCH down
    newest = np.full(4, _NONE)
    following = 0
    for i in range(out.shape[1]):
        while following < at.size and at[following] == i:
            is_up = direction[following] == UP
            against = trend < 0.0 if is_up else trend > 0.0
            newest[2 * against + (not is_up)] = i
            trend = 1.0 if is_up else -1.0
            following += 1
        out[0, i] = trend
        for kind in range(4):
            out[1 + kind, i] = 0.0 if newest[kind] == _NONE else half / (half + i - newest[kind])
