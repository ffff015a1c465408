"""Statistics of trailing windows, one pass each.

A window of n candles is put together from a suffix of the block of n before it and a prefix of
the block it ends in (van Herk 1992, Gil and Werman 1993). Nothing is ever subtracted, so there is
no drift on long series and nothing of an outlier stays behind once it has left the window; means
and deviations merge as in Chan, Golub and LeVeque (1983). Blocks count from the first row, hence
the value at t needs only rows up to t and is the same bits whatever follows.

Unless stated, a function takes a contiguous float64 array (rows,) and returns one, NaN before row n − 1.
"""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel

Array = NDArray[np.float64]


@kernel
def window_sum(x: Array, n: int) -> Array:
    """Return the sum of the last `n` values."""
    out = np.full(x.size, np.nan)
    suffix = np.zeros(n)
    prefix = 0.0
    for i in range(x.size):
        j = i % n
        if j == 0:
            prefix = 0.0
            if i > 0:
                running = 0.0
                for k in range(n - 1, -1, -1):
                    running += x[i - n + k]
                    suffix[k] = running
        prefix += x[i]
        if i >= n - 1:
            out[i] = prefix if j == n - 1 else suffix[j + 1] + prefix
    return out


@kernel
def window_moments(x: Array, n: int) -> tuple[Array, Array]:
    """Return mean and population standard deviation of the last `n` values; a constant window has exactly 0."""
    mean_out = np.full(x.size, np.nan)
    deviation_out = np.full(x.size, np.nan)
    # rows: the suffixes of the block before, and those of this block, for the next one
    suffix_mean = np.zeros((2, n))
    suffix_square = np.zeros((2, n))
    for start in range(0, x.size, n):
        before = start // n % 2
        mean = square = later_mean = later_square = 0.0
        is_whole = start + n <= x.size
        for j in range(min(n, x.size - start)):
            value = x[start + j]
            delta = value - mean
            mean += delta / (j + 1)
            square += delta * (value - mean)
            if is_whole:
                # beside the prefix, not after it: each division waits for the one before it in its own chain
                k = n - 1 - j
                value = x[start + k]
                delta = value - later_mean
                later_mean += delta / (j + 1)
                later_square += delta * (value - later_mean)
                suffix_mean[1 - before, k] = later_mean
                suffix_square[1 - before, k] = later_square
            if j == n - 1:
                mean_out[start + j] = mean
                deviation_out[start + j] = np.sqrt(square / n)
            elif start > 0:
                between = mean - suffix_mean[before, j + 1]
                mean_out[start + j] = suffix_mean[before, j + 1] + between * (j + 1) / n
                total = suffix_square[before, j + 1] + square + between * between * (n - 1 - j) * (j + 1) / n
                deviation_out[start + j] = np.sqrt(total / n)
    return mean_out, deviation_out


@kernel
def window_max(x: Array, n: int) -> Array:
    """Return the largest of the last `n` values."""
    out = np.full(x.size, np.nan)
    suffix = np.zeros(n)
    prefix = -np.inf
    for i in range(x.size):
        j = i % n
        if j == 0:
            prefix = -np.inf
            if i > 0:
                running = -np.inf
                for k in range(n - 1, -1, -1):
                    running = max(running, x[i - n + k])
                    suffix[k] = running
        prefix = max(prefix, x[i])
        if i >= n - 1:
            out[i] = prefix if j == n - 1 else max(suffix[j + 1], prefix)
    return out


@kernel
def window_min(x: Array, n: int) -> Array:
    """Return the smallest of the last `n` values."""
    return -window_max(-x, n)


@kernel
def window_rank(x: Array, n: int) -> Array:
    """Return the rank of the newest among the last `n` values as a fraction, ties counted half: 0 lowest, 1 highest."""
    out = np.full(x.size, np.nan)
    for i in range(n - 1, x.size):
        value = x[i]
        # a slice: its places cannot be negative, so that the compiler compares several at once
        others = x[i - n + 1 : i]
        below = 0
        equal = 0
        for k in range(others.size):
            below += others[k] < value
            equal += others[k] == value
        out[i] = (below + 0.5 * equal) / (n - 1)
    return out


@kernel
def window_mean_distance(x: Array, mean: Array, n: int) -> Array:
    """Return the mean absolute distance of the last `n` values from `mean` of the same row."""
    out = np.full(x.size, np.nan)
    for i in range(n - 1, x.size):
        total = 0.0
        for k in range(i - n + 1, i + 1):
            total += abs(x[k] - mean[i])
        out[i] = total / n
    return out


@kernel
def candles_since_max(x: Array, n: int) -> Array:
    """Return how many candles ago the largest of the last `n` values came; the newest of equals counts."""
    out = np.full(x.size, np.nan)
    best = 0
    for i in range(x.size):
        if x[i] >= x[best]:
            best = i
        elif best <= i - n:
            best = i - n + 1
            for k in range(i - n + 2, i + 1):
                if x[k] >= x[best]:
                    best = k
        if i >= n - 1:
            out[i] = i - best
    return out


@kernel
def moments_back(values: Array, n: int, stride: int, first: int, mean: Array, deviation: Array) -> None:
    """Write mean and population deviation of `n` values, the newest and every `stride`-th before it, to given arrays.

    Row i of `mean` and `deviation` is that of `values[first + i]`. Taken from the newest value on, so that equal ones
    have exactly no deviation. Each place of the window is added to every row before the next one is: rows do not wait
    for one another.
    """
    rows = mean.size
    newest = values[first : first + rows]
    mean[:] = 0.0
    deviation[:] = 0.0
    for k in range(n):
        older = values[first - k * stride : first - k * stride + rows]
        for i in range(rows):
            mean[i] += older[i] - newest[i]
    for i in range(rows):
        mean[i] = newest[i] + mean[i] / n
    for k in range(n):
        older = values[first - k * stride : first - k * stride + rows]
        for i in range(rows):
            deviation[i] += (older[i] - mean[i]) ** 2
    for i in range(rows):
        deviation[i] = np.sqrt(deviation[i] / n)
