"""Fair value gaps: prices that the middle one of three candles left untouched."""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@kernel
def fair_value_gaps(open_: Array, high: Array, low: Array, close: Array) -> tuple[Rows, Rows]:
    """Return the rows that make bullish fair value gaps known, and the first rows whose low touches them again.

    A rising candle leaves a gap when the high before it lies below the low after it, which is known at the close of the
    candle after it. The gap reaches from that high to that low. One never touched has the number of rows. Mirrored
    prices (−open, −low, −high, −close) give bearish gaps.
    """
    opened = np.empty(low.size, dtype=np.int64)
    closed = np.empty(low.size, dtype=np.int64)
    waiting = np.empty(low.size, dtype=np.int64)
    depth = 0
    size = 0
    for i in range(2, low.size):
        # a new gap opens above every untouched one, so that they are touched from the newest on
        while depth and low[i] <= low[opened[waiting[depth - 1]]]:
            depth -= 1
            closed[waiting[depth]] = i
        if high[i - 2] < low[i] and close[i - 1] > open_[i - 1]:
            opened[size], closed[size] = i, low.size
            waiting[depth] = size
            depth += 1
            size += 1
    return opened[:size].copy(), closed[:size].copy()
