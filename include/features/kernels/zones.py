"""Price zones that open and close, whatever made them, as counts and distances.

A zone carries the row in which it is first known (`opened`) and the first row that ends it (`closed`, the number of
rows when none does): when it is dropped, never a reason to know anything earlier. It is forgotten `memory` rows after
it opened. Results go into a given array: with a dozen columns fresh memory costs more than the arithmetic.
"""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@kernel
def open_count(opened: Rows, closed: Rows, memory: int, out: Array) -> None:
    """Write to `out` (rows,) how many zones are open in each row."""
    rows = out.size
    out[:] = 0.0
    for zone in range(opened.size):
        out[opened[zone]] += 1.0
        end = min(closed[zone], opened[zone] + memory)
        if end < rows:
            out[end] -= 1.0
    for i in range(1, rows):
        out[i] += out[i - 1]


@kernel
def nearest_distance(
    opened: Rows, closed: Rows, edge: Array, close: Array, unit: Array, memory: int, cap: float, out: Array
) -> None:
    """Write to `out` how far the close lies above the nearest open zone, in units: 0 inside one, `cap` without any.

    Parameters
    ----------
    opened, closed : int64 (zones,)
        First row of each zone, in ascending order, and the first row after it.
    edge : float64 (zones,)
        Upper edge, the one the price meets first.
    close, unit : float64 (rows,)
        Prices, and what a distance of 1 is, such as the ATR.
    memory : int
        Rows after which a zone is forgotten.
    cap : float
        Largest distance.
    out : float64 (rows,)
        Overwritten.
    """
    live = np.empty(opened.size, dtype=np.int64)
    alive = 0
    following = 0
    highest = -np.inf
    # the first row in which a live zone ends; until then only a new one changes anything
    soonest = close.size
    for i in range(close.size):
        if i >= soonest:
            kept = 0
            highest = -np.inf
            soonest = close.size
            for k in range(alive):
                zone = live[k]
                end = min(closed[zone], opened[zone] + memory)
                if end > i:
                    live[kept] = zone
                    kept += 1
                    highest = max(highest, edge[zone])
                    soonest = min(soonest, end)
            alive = kept
        while following < opened.size and opened[following] == i:
            live[alive] = following
            alive += 1
            highest = max(highest, edge[following])
            soonest = min(soonest, closed[following], opened[following] + memory)
            following += 1
        # compared before dividing: a market without any range has a unit of 0
        distance = max(close[i] - highest, 0.0)
        out[i] = distance / unit[i] if distance < cap * unit[i] else cap
