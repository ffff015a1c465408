"""VecNormalize of stable-baselines3, statement by statement: float64 statistics, float32 values."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.evaluation.kernels.normalization import standardized
from include.training.fused.jit import kernel

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
CLIP = 10.0
EPSILON = 1e-8
# what RunningMeanStd starts to count from
FIRST_COUNT = 1e-4


class Statistics(NamedTuple):
    """Running statistics of n environments with d observations.

    `counts` holds the count behind the observations, then mean, variance and count of the discounted returns.
    """

    mean: Doubles  # (d,)
    variance: Doubles  # (d,)
    counts: Doubles  # (4,)
    returns: Doubles  # (n,), discounted so far


class Normalization(NamedTuple):
    """What is normalised, and the discount of the returns."""

    has_observations: bool
    has_rewards: bool
    gamma: float


@kernel
def update_observations(statistics: Statistics, observations: Floats, moments: Floats) -> None:
    """Take the observations (n, d) of one step; `moments` (2, d) is room for their mean and variance.

    Both are float32 and summed row after row, as NumPy does.
    """
    n, size = len(observations), np.float32(len(observations))
    mean, variance = moments[0], moments[1]
    for j in range(len(mean)):
        mean[j] = np.float32(0.0)
        variance[j] = np.float32(0.0)
    for i in range(n):
        row = observations[i]
        for j in range(len(row)):
            mean[j] += row[j]
    for j in range(len(mean)):
        mean[j] /= size
    for i in range(n):
        row = observations[i]
        for j in range(len(row)):
            variance[j] += (row[j] - mean[j]) * (row[j] - mean[j])
    count = statistics.counts[0]
    total = count + n
    means, variances = statistics.mean, statistics.variance
    for j in range(len(mean)):
        delta = mean[j] - means[j]
        moment = variances[j] * count + variance[j] / size * size
        means[j] += delta * n / total
        variances[j] = (moment + delta * delta * count * n / total) / total
    statistics.counts[0] = total


@kernel
def update_returns(statistics: Statistics, rewards: Floats, gamma: float) -> None:
    """Discount the returns by `gamma`, add the rewards (n,) of one step, and take the result into their statistics."""
    returns, counts = statistics.returns, statistics.counts
    n = len(returns)
    mean = 0.0
    for i in range(n):
        returns[i] = returns[i] * gamma + rewards[i]
        mean += returns[i]
    mean /= n
    squares = 0.0
    for i in range(n):
        squares += (returns[i] - mean) ** 2
    delta = mean - counts[1]
    total = counts[3] + n
    moment = counts[2] * counts[3] + squares + delta * delta * counts[3] * n / total
    counts[1] += delta * n / total
    counts[2] = moment / total
    counts[3] = total


@kernel
def normalize_observations(statistics: Statistics, observations: Floats, target: Floats) -> None:
    """Write the observations (n, d), centred, scaled and clipped."""
    for i in range(len(observations)):
        source, row = observations[i], target[i]
        for j in range(len(row)):
            row[j] = standardized(source[j], statistics.mean[j], math.sqrt(statistics.variance[j] + EPSILON), CLIP)


@kernel
def normalize_reward(statistics: Statistics, reward: float) -> float:
    """Return a reward, scaled and clipped; a NaN stays one."""
    return standardized(reward, 0.0, math.sqrt(statistics.counts[2] + EPSILON), CLIP)
