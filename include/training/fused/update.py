"""One PPO update: epochs of minibatches over a rollout, each forward, loss, backward, clipped Adam step."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.evaluation.kernels.memory import copy
from include.evaluation.kernels.network import forward
from include.training.fused.adam import Moments, step
from include.training.fused.jit import kernel
from include.training.fused.loss import APPROX_KL, Coefficients, Samples, differentiate
from include.training.fused.network import backward

Floats = NDArray[np.float32]
Table = NDArray[np.int64]


class Workspace(NamedTuple):
    """Memory of an update, for minibatches of up to b samples; the leading 2 is actor, critic."""

    values: Floats  # (2, b · width of inputs and all layers)
    deltas: Floats  # like `values`
    transposed: Floats  # (largest hidden weight,)
    gradient: Floats  # (2, p)
    probabilities: Floats  # (actions,)


@kernel
def update(
    networks: Floats,
    layers: Table,
    moments: Moments,
    samples: Samples,
    permutations: Table,
    batch_size: int,
    coefficients: Coefficients,
    count: int,
    work: Workspace,
    figures: NDArray[np.float64],
) -> tuple[int, int, int]:
    """Update `networks` and `moments` in place, epoch after epoch, each with its permutation of the samples.

    An epoch in which a minibatch exceeds 1.5 times `target_kl` ends the update before that minibatch's step, as in
    stable-baselines3.

    Parameters
    ----------
    networks : float32 (2, p)
        Actor and critic.
    layers : int64 (l, 5)
        Where the layers lie.
    moments : Moments
        Adam's, after `count` steps.
    samples : Samples
        The rollout.
    permutations : int64 (epochs, n)
        Order of the samples in each epoch.
    batch_size : int
        Samples of a minibatch; the last of an epoch may be smaller.
    coefficients, work
        Weights, and memory to work in.
    figures : float64 (epochs · minibatches, FIGURES)
        Takes the figures of each minibatch.

    Returns
    -------
    done, first, count : int
        Minibatches that have figures, the first of them in the last epoch, and Adam's steps now.
    """
    done = 0
    for order in permutations:
        first = done
        for start in range(0, len(order), batch_size):
            picked = order[start : start + batch_size]
            differentiate_minibatch(networks, layers, samples, picked, coefficients, work, figures[done])
            done += 1
            if figures[done - 1, APPROX_KL] > 1.5 * coefficients.target_kl:
                return done, first, count
            count += 1
            step(networks.reshape(-1), work.gradient.reshape(-1), moments, count, coefficients)
    return done, first, count


@kernel
def differentiate_minibatch(
    networks: Floats,
    layers: Table,
    samples: Samples,
    picked: NDArray[np.int64],
    coefficients: Coefficients,
    work: Workspace,
    figures: NDArray[np.float64],
) -> None:
    """Write the gradient of the loss on the `picked` samples to ``work.gradient``."""
    rows, size = len(picked), layers[0, 0]
    for i in range(rows):
        for number in range(2):
            copy(samples.observations[picked[i]], work.values[number, i * size : (i + 1) * size])
    for number in range(2):
        forward(networks[number], layers, rows, work.values[number])
    width = layers[-1, 1]
    start, stop = rows * layers[-1, 4], rows * (layers[-1, 4] + width)
    differentiate(
        samples,
        picked,
        coefficients,
        work.values[0, start:stop].reshape(rows, width),
        work.values[1, start:stop].reshape(rows, width),
        work.deltas[0, start:stop].reshape(rows, width),
        work.deltas[1, start:stop].reshape(rows, width),
        work.probabilities,
        figures,
    )
    for number in range(2):
        backward(
            networks[number],
            layers,
            rows,
            work.values[number],
            work.deltas[number],
            work.transposed,
            work.gradient[number],
        )
