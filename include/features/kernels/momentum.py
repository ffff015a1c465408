"""Oscillators over contiguous float64 arrays (rows,), in TA-Lib's units."""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.averages import ratio
from include.features.kernels.jit import kernel
from include.features.kernels.windows import (
    candles_since_max,
    window_max,
    window_mean_distance,
    window_min,
    window_moments,
    window_sum,
)

Array = NDArray[np.float64]

# TA-Lib takes smaller moves of the typical price for the rounding of its division by 3
_UNCHANGED = 1e-14


@kernel
def rsi(close: Array, n: int) -> Array:
    """Return the relative strength index 0 … 100, first value at row `n` (Wilder 1978); 50 while no price has moved."""
    out = np.full(close.size, np.nan)
    gain = 0.0
    loss = 0.0
    for i in range(1, close.size):
        change = close[i] - close[i - 1]
        rise = max(change, 0.0)
        fall = max(-change, 0.0)
        if i <= n:
            # the mean of the first n, updated rather than summed: equal moves have exactly their mean
            gain += (rise - gain) / i
            loss += (fall - loss) / i
        else:
            gain = (gain * (n - 1) + rise) / n
            loss = (loss * (n - 1) + fall) / n
        if i >= n:
            moved = gain + loss
            out[i] = 100.0 * (0.5 if moved == 0.0 else gain / moved)
    return out


@kernel
def stochastic(x: Array, n: int, resolution: float) -> Array:
    """Return where the newest of `n` values lies between their extremes, 0 … 100.

    `x` may start with NaN rows; the window begins after them. Extremes less than `resolution` apart count as equal and
    give 50: what is left between them is rounding.
    """
    out = np.full(x.size, np.nan)
    start = 0
    while start < x.size and np.isnan(x[start]):
        start += 1
    warm = x[start:].copy()
    low = window_min(warm, n)
    span = window_max(warm, n) - low
    out[start:] = 100.0 * ratio(warm - low, np.where(span < resolution, 0.0, span), 0.5)
    return out


@kernel
def cci(high: Array, low: Array, close: Array, n: int) -> Array:
    """Return the commodity channel index, first value at row n − 1 (Lambert 1980); 0 when the price stands still."""
    typical = (high + low + close) / 3.0
    mean, _ = window_moments(typical, n)
    return ratio(typical - mean, 0.015 * window_mean_distance(typical, mean, n), 0.0)


@kernel
def mfi(high: Array, low: Array, close: Array, volume: Array, n: int) -> Array:
    """Return the money flow index 0 … 100, first value at row `n`; 50 when no money flowed either way."""
    typical = (high + low + close) / 3.0
    up = np.zeros(close.size)
    down = np.zeros(close.size)
    for i in range(1, close.size):
        change = typical[i] - typical[i - 1]
        if change > _UNCHANGED:
            up[i] = typical[i] * volume[i]
        elif change < -_UNCHANGED:
            down[i] = typical[i] * volume[i]
    inflow = window_sum(up, n)
    out = 100.0 * ratio(inflow, inflow + window_sum(down, n), 0.5)
    # the window of n changes needs n + 1 candles
    out[: min(n, out.size)] = np.nan
    return out


@kernel
def aroon_oscillator(high: Array, low: Array, n: int) -> Array:
    """Return Aroon up minus Aroon down, −100 … 100, first value at row `n` (Chande 1995)."""
    return 100.0 * (candles_since_max(-low, n + 1) - candles_since_max(high, n + 1)) / n
