"""MACD and directional movement over contiguous float64 arrays (rows,), seeded as TA-Lib seeds them."""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.averages import ema_from
from include.features.kernels.jit import kernel

Array = NDArray[np.float64]


@kernel
def macd(close: Array, fast: int, slow: int, signal: int) -> tuple[Array, Array]:
    """Return MACD line and signal in price units, first values at row slow + signal − 2 (Appel 1979).

    The line exists `signal` − 1 rows earlier but is given out, as TA-Lib does, once its signal is there.
    """
    line = ema_from(close, fast, slow - 1) - ema_from(close, slow, slow - 1)
    warm = slow + signal - 2
    average = ema_from(line, signal, warm)
    line[: min(warm, line.size)] = np.nan
    return line, average


@kernel
def directional(high: Array, low: Array, close: Array, n: int) -> tuple[Array, Array, Array]:
    """Return ADX, +DI and −DI, 0 … 100, first values at rows 2n − 1, n and n (Wilder 1978).

    Sums of n − 1 candles seed the smoothing, as in TA-Lib. A candle without any movement leaves ADX as it was.
    """
    rows = close.size
    adx = np.full(rows, np.nan)
    plus = np.full(rows, np.nan)
    minus = np.full(rows, np.nan)
    sum_up = 0.0
    sum_down = 0.0
    sum_range = 0.0
    strength = 0.0
    for i in range(1, rows):
        up = high[i] - high[i - 1]
        down = low[i - 1] - low[i]
        up_move = up if up > 0.0 and up > down else 0.0
        down_move = down if down > 0.0 and down > up else 0.0
        span = max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1]))
        if i < n:
            sum_up += up_move
            sum_down += down_move
            sum_range += span
            continue
        sum_up += up_move - sum_up / n
        sum_down += down_move - sum_down / n
        sum_range += span - sum_range / n
        plus[i] = 100.0 * sum_up / sum_range if sum_range > 0.0 else 0.0
        minus[i] = 100.0 * sum_down / sum_range if sum_range > 0.0 else 0.0
        both = plus[i] + minus[i]
        if i < 2 * n:
            strength += 100.0 * abs(plus[i] - minus[i]) / both / n if both > 0.0 else 0.0
        elif both > 0.0:
            strength = (strength * (n - 1) + 100.0 * abs(plus[i] - minus[i]) / both) / n
        if i >= 2 * n - 1:
            adx[i] = strength
    return adx, plus, minus
