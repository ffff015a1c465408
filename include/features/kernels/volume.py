"""Volume indicators over contiguous float64 arrays (rows,)."""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.averages import ratio
from include.features.kernels.jit import kernel
from include.features.kernels.windows import window_moments, window_sum

Array = NDArray[np.float64]


@kernel
def obv(close: Array, volume: Array) -> Array:
    """Return on-balance volume from the first row on (Granville 1963); its level depends on the start."""
    out = np.zeros(close.size)
    if close.size:
        out[0] = volume[0]
    for i in range(1, close.size):
        sign = (close[i] > close[i - 1]) - (close[i] < close[i - 1])
        out[i] = out[i - 1] + sign * volume[i]
    return out


@kernel
def chaikin_money_flow(high: Array, low: Array, close: Array, volume: Array, n: int) -> Array:
    """Return Chaikin's money flow −1 … 1, first value at row n − 1; 0 without volume."""
    flow = volume * ratio((close - low) - (high - close), high - low, 0.0)
    return ratio(window_sum(flow, n), window_sum(volume, n), 0.0)


@kernel
def vwap(high: Array, low: Array, close: Array, volume: Array, n: int) -> Array:
    """Return the volume-weighted mean typical price of `n` candles; the plain mean when none traded."""
    typical = (high + low + close) / 3.0
    weighted = ratio(window_sum(typical * volume, n), window_sum(volume, n), np.nan)
    untraded = np.isnan(weighted)
    if untraded[n - 1 :].any():
        mean, _ = window_moments(typical, n)
        weighted[untraded] = mean[untraded]
    return weighted


@kernel
def z_score(x: Array, n: int) -> Array:
    """Return how many population deviations the newest of `n` values lies above their mean; 0 when all are equal."""
    mean, deviation = window_moments(x, n)
    return ratio(x - mean, deviation, 0.0)
