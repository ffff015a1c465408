"""The loss of PPO on a minibatch and its gradient at the outputs of both networks, as stable-baselines3 defines it."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.training.fused.jit import kernel

Floats = NDArray[np.float32]
_ZERO, _ONE, _TWO = np.float32(0.0), np.float32(1.0), np.float32(2.0)
_TINY = np.float32(1e-8)
# columns of the figures of a minibatch
POLICY_LOSS, VALUE_LOSS, ENTROPY, APPROX_KL, CLIP_FRACTION = range(5)
FIGURES = 5


class Samples(NamedTuple):
    """A rollout of n samples, environment after environment: what the policy saw, did, and what came of it."""

    observations: Floats  # (n, d)
    actions: NDArray[np.int64]
    allowed: NDArray[np.bool_]  # (n, a)
    values: Floats
    log_probs: Floats
    advantages: Floats
    returns: Floats


class Coefficients(NamedTuple):
    """What weighs the loss and its step; `target_kl` is infinite where none is set."""

    learning_rate: float
    clip_range: float
    ent_coef: float
    vf_coef: float
    max_grad_norm: float
    weight_decay: float
    target_kl: float


@kernel
def softmax(logits: Floats, allowed: NDArray[np.bool_], probabilities: Floats) -> np.float32:
    """Write the probability of each action, 0 where it is not allowed, and return by how much a logit exceeds its log.

    That is the limit of sb3-contrib's `MaskableCategorical`, whose masked logits are −1e8.
    """
    top = np.float32(-np.inf)
    for j in range(len(allowed)):
        if allowed[j] and not logits[j] <= top:
            top = logits[j]
    total = _ZERO
    for j in range(len(allowed)):
        probabilities[j] = math.exp(logits[j] - top) if allowed[j] else _ZERO
        total += probabilities[j]
    for j in range(len(allowed)):
        probabilities[j] /= total
    return top + np.float32(math.log(total))


@kernel
def advantage_scale(samples: Samples, picked: NDArray[np.int64]) -> tuple[np.float32, np.float32]:
    """Return mean and standard deviation (n − 1) + 1e-8 of the picked advantages; (0, 1) of a single one."""
    n = len(picked)
    if n < 2:
        return _ZERO, _ONE
    total = 0.0
    for at in picked:
        total += samples.advantages[at]
    mean = total / n
    squares = 0.0
    for at in picked:
        squares += (samples.advantages[at] - mean) ** 2
    return np.float32(mean), np.float32(math.sqrt(squares / (n - 1))) + _TINY


@kernel
def differentiate(
    samples: Samples,
    picked: NDArray[np.int64],
    coefficients: Coefficients,
    logits: Floats,
    values: Floats,
    logit_deltas: Floats,
    value_deltas: Floats,
    probabilities: Floats,
    figures: NDArray[np.float64],
) -> None:
    """Write the gradient of the minibatch's loss at both outputs, and its figures.

    Parameters
    ----------
    samples, picked
        The rollout, and which of its samples the minibatch holds.
    coefficients : Coefficients
        Weights of the loss.
    logits, values : float32 (rows, width)
        Outputs of actor and critic; the critic's first column is the value.
    logit_deltas, value_deltas : float32 (rows, width)
        Where the gradient goes; columns beyond the outputs become 0.
    probabilities : float32 (actions,)
        Room to work in.
    figures : float64 (FIGURES,)
        Policy loss, value loss, entropy, approximate KL divergence, clip fraction: means of the minibatch.
    """
    mean, scale = advantage_scale(samples, picked)
    low, high = np.float32(1.0 - coefficients.clip_range), np.float32(1.0 + coefficients.clip_range)
    clip = np.float32(coefficients.clip_range)
    share = _ONE / np.float32(len(picked))
    ent_share, value_share = np.float32(coefficients.ent_coef) * share, np.float32(coefficients.vf_coef) * share
    actions = samples.allowed.shape[1]
    for column in range(FIGURES):
        figures[column] = 0.0
    for i in range(len(picked)):
        at = picked[i]
        allowed, action = samples.allowed[at], samples.actions[at]
        excess = softmax(logits[i], allowed, probabilities)
        change = logits[i, action] - excess - samples.log_probs[at]
        ratio = np.float32(math.exp(change))
        advantage = (samples.advantages[at] - mean) / scale
        clipped = min(max(ratio, low), high)
        surrogate = min(advantage * ratio, advantage * clipped)
        entropy = _ZERO
        for j in range(actions):
            if allowed[j]:
                entropy -= (logits[i, j] - excess) * probabilities[j]
        # the minimum passes the gradient on where it is the unclipped term, which includes every ratio within the clip
        pull = -share * advantage * ratio if advantage * ratio <= advantage * clipped else _ZERO
        row = logit_deltas[i]
        for j in range(len(row)):
            row[j] = _ZERO
        for j in range(actions):
            if allowed[j]:
                chosen = _ONE if j == action else _ZERO
                surprise = logits[i, j] - excess + entropy
                row[j] = pull * (chosen - probabilities[j]) + ent_share * probabilities[j] * surprise
        error = values[i, 0] - samples.returns[at]
        for j in range(len(row)):
            value_deltas[i, j] = _ZERO
        value_deltas[i, 0] = _TWO * value_share * error
        figures[POLICY_LOSS] -= surrogate
        figures[VALUE_LOSS] += error * error
        figures[ENTROPY] += entropy
        figures[APPROX_KL] += (ratio - _ONE) - change
        figures[CLIP_FRACTION] += abs(ratio - _ONE) > clip
    for column in range(FIGURES):
        figures[column] /= len(picked)
