"""Clipping of the gradient and the step of Adam, in one pass over all parameters, as torch does both."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.training.fused.jit import kernel
from include.training.fused.loss import Coefficients

Floats = NDArray[np.float32]
BETAS = (0.9, 0.999)
# stable-baselines3's, not torch's default
EPSILON = 1e-5
_KEEP, _TAKE = np.float32(BETAS[1]), (np.float32(1.0 - BETAS[0]), np.float32(1.0 - BETAS[1]))
_TINY = 1e-6
_PARTS = 64


class Moments(NamedTuple):
    """Adam's running means of gradient and squared gradient, each like the parameters, flat."""

    mean: Floats
    square: Floats


@kernel
def norm(values: Floats) -> float:
    """Return the Euclidean norm of a flat array, summed in 64 parts."""
    parts = np.zeros(_PARTS, np.float32)
    for start in range(0, len(values), _PARTS):
        block = values[start : start + _PARTS]
        for j in range(len(block)):
            parts[j] += block[j] * block[j]
    total = 0.0
    for part in parts:
        total += float(part)
    return math.sqrt(total)


@kernel
def step(parameters: Floats, gradient: Floats, moments: Moments, count: int, coefficients: Coefficients) -> None:
    """Clip `gradient` to its greatest norm and take Adam's step number `count`, counted from 1.

    Source: Kingma and Ba, "Adam: A method for stochastic optimization", 2015, in the order of torch's `clip_grad_norm_`
    and `Adam`; `weight_decay` is the L2 term that torch adds to the clipped gradient.
    """
    scale = np.float32(min(1.0, coefficients.max_grad_norm / (norm(gradient) + _TINY)))
    decay = np.float32(coefficients.weight_decay)
    rate = np.float32(-coefficients.learning_rate / (1.0 - BETAS[0] ** count))
    root = np.float32(math.sqrt(1.0 - BETAS[1] ** count))
    epsilon = np.float32(EPSILON)
    mean, square = moments.mean, moments.square
    for i in range(len(parameters)):
        slope = gradient[i] * scale + decay * parameters[i]
        m = mean[i] + (slope - mean[i]) * _TAKE[0]
        v = square[i] * _KEEP + _TAKE[1] * slope * slope
        mean[i] = m
        square[i] = v
        parameters[i] += rate * (m / (math.sqrt(v) / root + epsilon))
