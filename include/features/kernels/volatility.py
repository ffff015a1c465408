"""True range, ATR and Parkinson's volatility over contiguous float64 arrays (rows,)."""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.averages import wilder
from include.features.kernels.jit import kernel
from include.features.kernels.windows import window_sum

Array = NDArray[np.float64]


@kernel
def true_range(high: Array, low: Array, close: Array) -> Array:
    """Return Wilder's true range, NaN in the first row, which has no previous close."""
    out = np.full(close.size, np.nan)
    for i in range(1, close.size):
        previous = close[i - 1]
        out[i] = max(high[i] - low[i], abs(high[i] - previous), abs(low[i] - previous))
    return out


@kernel
def atr(high: Array, low: Array, close: Array, n: int) -> Array:
    """Return the average true range in price units, first value at row `n` (TA-Lib ATR; Wilder 1978)."""
    return wilder(true_range(high, low, close), n, n)


@kernel
def parkinson(high: Array, low: Array, n: int) -> Array:
    """Return Parkinson's volatility per candle over `n` candles, first value at row n − 1 (Parkinson 1980)."""
    squares = np.full(high.size, np.nan)
    for i in range(high.size):
        squares[i] = np.log(high[i] / low[i]) ** 2
    variance: Array = window_sum(squares, n) / (4.0 * n * np.log(2.0))
    return variance**0.5
