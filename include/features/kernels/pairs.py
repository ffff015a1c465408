"""Two series over one trailing window, one pass, put together from blocks as in `windows.py`.

Co-moments merge as in Chan, Golub and LeVeque (1983) and Schubert and Gertz (2018).
"""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel

Array = NDArray[np.float64]


@kernel
def _added(moments: Array, x: float, y: float, count: int) -> None:
    """Take the `count`-th pair into (mean x, mean y, Σ dx², Σ dy², Σ dx·dy)."""
    delta_x = x - moments[0]
    delta_y = y - moments[1]
    moments[0] += delta_x / count
    moments[1] += delta_y / count
    moments[2] += delta_x * (x - moments[0])
    moments[3] += delta_y * (y - moments[1])
    moments[4] += delta_x * (y - moments[1])


@kernel
def window_comoments(x: Array, y: Array, n: int) -> tuple[Array, Array, Array]:
    """Return population variances of `x` and `y` and their covariance over the last `n` rows.

    A constant window has variance exactly 0; a series paired with itself has covariance exactly its variance. NaN
    before row n − 1 and wherever either series has a NaN in the window.
    """
    out = np.full((3, x.size), np.nan)
    suffix = np.zeros((n, 5))
    prefix = np.zeros(5)
    for i in range(x.size):
        j = i % n
        if j == 0:
            if i > 0:
                prefix[:] = 0.0
                for k in range(n - 1, -1, -1):
                    _added(prefix, x[i - n + k], y[i - n + k], n - k)
                    suffix[k] = prefix
            prefix[:] = 0.0
        _added(prefix, x[i], y[i], j + 1)
        if i < n - 1:
            continue
        if j == n - 1:
            out[:, i] = prefix[2:] / n
            continue
        other = suffix[j + 1]
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
