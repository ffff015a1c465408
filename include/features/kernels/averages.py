"""Recursive averages, seeded as TA-Lib seeds them, and logarithms of ratios.

Every function takes contiguous float64 arrays (rows,) and returns one, NaN before its first value.
"""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel

Array = NDArray[np.float64]


@kernel
def _mean_until(x: Array, n: int, last: int) -> float:
    # updated rather than summed: the mean of equal values is exactly that value, so a flat market stays flat
    mean = 0.0
    for k in range(n):
        mean += (x[last - n + 1 + k] - mean) / (k + 1)
    return mean


@kernel
def ema_from(x: Array, n: int, first: int) -> Array:
    """Return the exponential average of period `n` whose value at row `first` is the mean of the `n` rows up to it.

    Weight 2 / (n + 1). TA-Lib's EMA has `first` = n − 1; its MACD starts both averages at the slower one's row.
    """
    out = np.full(x.size, np.nan)
    if x.size <= first:
        return out
    value = _mean_until(x, n, first)
    out[first] = value
    weight = 2.0 / (n + 1)
    for i in range(first + 1, x.size):
        value += (x[i] - value) * weight
        out[i] = value
    return out


@kernel
def ema(x: Array, n: int) -> Array:
    """Return the exponential average of period `n`, first value at row n − 1 (TA-Lib EMA)."""
    return ema_from(x, n, n - 1)


@kernel
def wilder(x: Array, n: int, first: int) -> Array:
    """Return Wilder's average of period `n` whose value at row `first` is the mean of the `n` rows up to it.

    Weight 1 / n (Wilder 1978).
    """
    out = np.full(x.size, np.nan)
    if x.size <= first:
        return out
    value = _mean_until(x, n, first)
    out[first] = value
    for i in range(first + 1, x.size):
        value = (value * (n - 1) + x[i]) / n
        out[i] = value
    return out


@kernel
def log_ratio(numerator: Array, denominator: Array) -> Array:
    """Return log(numerator / denominator) row by row, NaN where either is NaN.

    The scalar logarithm is used on purpose: a vectorised one may round differently near the end of an array.
    """
    out = np.full(numerator.size, np.nan)
    for i in range(numerator.size):
        out[i] = np.log(numerator[i] / denominator[i])
    return out


@kernel
def lagged(x: Array, n: int) -> Array:
    """Return the value `n` rows earlier, NaN in the first `n` rows."""
    out = np.full(x.size, np.nan)
    for i in range(n, x.size):
        out[i] = x[i - n]
    return out


@kernel
def ratio(numerator: Array, denominator: Array, otherwise: float) -> Array:
    """Return numerator / denominator row by row, `otherwise` where the denominator is exactly 0."""
    out = np.full(numerator.size, np.nan)
    for i in range(numerator.size):
        out[i] = otherwise if denominator[i] == 0.0 else numerator[i] / denominator[i]
    return out


@kernel
def position_between(x: Array, low: Array, high: Array) -> Array:
    """Return where `x` lies between `low` (0) and `high` (1), 0.5 where the two are equal."""
    return ratio(x - low, high - low, 0.5)
