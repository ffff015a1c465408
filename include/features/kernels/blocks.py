"""Order blocks: the last opposing candle before a break of structure."""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@kernel
def order_blocks(low: Array, at: Rows, broken: Rows) -> tuple[Rows, Rows, Rows]:
    """Return rows of the candles that are bullish order blocks, rows that make them known, first rows that end them.

    When a close breaks a swing high, the block is the candle with the lowest low between the two, the newest of equals;
    a later low below the block's ends it. Two breaks may name one candle: it is one block. A block never ended has the
    number of rows in the last array. Mirrored prices give bearish blocks.

    Parameters
    ----------
    low : float64 (rows,)
        Lows.
    at, broken : int64 (breaks,)
        Rows of the breaks upwards and of the swing highs they break, from `structure.breaks`.
    """
    candles = np.empty(at.size, dtype=np.int64)
    opened = np.empty(at.size, dtype=np.int64)
    closed = np.empty(at.size, dtype=np.int64)
    live = np.empty(at.size, dtype=np.int64)
    alive = 0
    size = 0
    following = 0
    highest = -np.inf
    for i in range(low.size):
        if low[i] < highest:
            kept = 0
            highest = -np.inf
            for k in range(alive):
                bottom = low[candles[live[k]]]
                if low[i] < bottom:
                    closed[live[k]] = i
                else:
                    live[kept] = live[k]
                    kept += 1
                    highest = max(highest, bottom)
            alive = kept
        if following == at.size or at[following] != i:
            continue
        swing = broken[following]
        following += 1
        if swing + 1 >= i:
            continue
        candle = i - 1
        for row in range(i - 2, swing, -1):
            if low[row] < low[candle]:
                candle = row
        if size and candles[size - 1] == candle:
            continue
        candles[size], opened[size], closed[size] = candle, i, low.size
        live[alive] = size
        alive += 1
        size += 1
        highest = max(highest, low[candle])
    return candles[:size].copy(), opened[:size].copy(), closed[:size].copy()
