"""Two series over one trailing window, one pass, put together from blocks as in `windows.py`.

Co-moments merge as in Chan, Golub and LeVeque (1983) and Schubert and Gertz (2018).
"""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel

Array = NDArray[np.float64]
_Moments = tuple[float, float, float, float, float]


@kernel
def _added(moments: _Moments, x: float, y: float, count: int) -> _Moments:
    """Return (mean x, mean y, Σ dx², Σ dy², Σ dx·dy) with the `count`-th pair taken in."""
    mean_x, mean_y, square_x, square_y, product = moments
    delta_x = x - mean_x
    delta_y = y - mean_y
    mean_x += delta_x / count
    mean_y += delta_y / count
    square_x += delta_x * (x - mean_x)
    square_y += delta_y * (y - mean_y)
    product += delta_x * (y - mean_y)
    return mean_x, mean_y, square_x, square_y, product


@kernel
def window_comoments(x: Array, y: Array, n: int) -> tuple[Array, Array, Array]:
    """Return population variances of `x` and `y` and their covariance over the last `n` rows.

    A constant window has variance exactly 0; a series paired with itself has covariance exactly its variance. NaN
    before row n − 1 and wherever either series has a NaN in the window.
    """
    out = np.full((3, x.size), np.nan)
    # the suffixes of the block before, and those of this block, for the next one
    suffix = np.zeros((2, n, 5))
    for start in range(0, x.size, n):
        before = start // n % 2
        prefix = later = (0.0, 0.0, 0.0, 0.0, 0.0)
        is_whole = start + n <= x.size
        for j in range(min(n, x.size - start)):
            i = start + j
            prefix = _added(prefix, x[i], y[i], j + 1)
            if is_whole:
                k = n - 1 - j
                later = _added(later, x[start + k], y[start + k], j + 1)
                for part in range(5):
                    suffix[1 - before, k, part] = later[part]
            if j == n - 1:
                for part in range(3):
                    out[part, i] = prefix[2 + part] / n
            elif start > 0:
                other = suffix[before, j + 1]
                between_x = prefix[0] - other[0]
                between_y = prefix[1] - other[1]
                weight = (n - 1 - j) * (j + 1) / n
                out[0, i] = (prefix[2] + other[2] + between_x * between_x * weight) / n
                out[1, i] = (prefix[3] + other[3] + between_y * between_y * weight) / n
                out[2, i] = (prefix[4] + other[4] + between_x * between_y * weight) / n
    return out[0], out[1], out[2]


@kernel
def correlation_and_beta(x: Array, y: Array, n: int) -> tuple[Array, Array]:
    """Return Pearson's correlation −1 … 1 and the slope of `x` on `y` over the last `n` rows (Sharpe 1964).

    The correlation is 0 when either series stands still, the slope when `y` does.
    """
    variance_x, variance_y, covariance = window_comoments(x, y, n)
    together = np.full(x.size, np.nan)
    slope = np.full(x.size, np.nan)
    for i in range(x.size):
        # the root of the product: of a series with itself it is its variance to the last bit
        scale = np.sqrt(variance_x[i] * variance_y[i])
        if scale == 0.0:
            together[i] = 0.0
        elif not np.isnan(scale):
            together[i] = min(max(covariance[i] / scale, -1.0), 1.0)
        slope[i] = 0.0 if variance_y[i] == 0.0 else covariance[i] / variance_y[i]
    return together, slope
