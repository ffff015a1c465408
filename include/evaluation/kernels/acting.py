"""Deciding: from raw observations to the most probable action of a tanh network."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.environments.kernels.replay import NO_DECISION
from include.evaluation.kernels.jit import kernel
from include.evaluation.kernels.network import forward
from include.evaluation.kernels.normalization import standardized

Floats = NDArray[np.float32]


class Actor(NamedTuple):
    """A network with its normalisation, as kernels read it."""

    network: Floats  # (p,), weights and biases
    layers: NDArray[np.int64]  # (l, 5), `Layers.table`
    mean: NDArray[np.float64]  # (d,), of the observations
    deviation: NDArray[np.float64]  # (d,)
    clip: float
    actions: int


@kernel
def act(actor: Actor, observations: Floats, rows: int, values: Floats, chosen: NDArray[np.int64]) -> int:
    """Choose an action for each of the first `rows` observations.

    Of equal logits the first counts. A row's action does not depend on the other rows: not a bit of it.

    Parameters
    ----------
    actor : Actor
        Who decides.
    observations : float32 (n, d)
        As the environment gives them.
    rows : int
        How many of them.
    values : float32, flat
        Room for the values of all layers: `rows` × their width.
    chosen : int64 (n,)
        Where the actions are written; NO_DECISION where a logit is NaN.

    Returns
    -------
    int
        How many have none.
    """
    mean, deviation, clip = actor.mean, actor.deviation, actor.clip
    size = len(mean)
    for i in range(rows):
        source, row = observations[i], values[i * size : (i + 1) * size]
        for j in range(size):
            row[j] = standardized(source[j], mean[j], deviation[j], clip)
    forward(actor.network, actor.layers, rows, values)
    width = actor.layers[-1, 1]
    head = rows * actor.layers[-1, 4]
    undefined = 0
    for i in range(rows):
        at = head + i * width
        chosen[i] = greatest(values[at : at + actor.actions])
        undefined += chosen[i] == NO_DECISION
    return undefined


@kernel
def act_all(actor: Actor, observations: Floats, rows: int, values: Floats, chosen: NDArray[np.int64]) -> int:
    """Choose an action for each of all `observations`, `rows` at a time; otherwise as `act`."""
    undefined = 0
    for start in range(0, len(observations), rows):
        some = min(rows, len(observations) - start)
        undefined += act(actor, observations[start:], some, values, chosen[start:])
    return undefined


@kernel
def greatest(logits: Floats) -> int:
    """Return the place of the first greatest value, NO_DECISION where one is NaN."""
    best = 0
    for action in range(len(logits)):
        if logits[action] != logits[action]:
            return NO_DECISION
        if logits[action] > logits[best]:
            best = action
    return best
