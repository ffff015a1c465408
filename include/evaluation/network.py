"""A trained network for inference: deterministic, the same bits on every machine, alone or in a batch.

Reading one from disk, and its identity, belong to `include/training/policy.py`.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from include.core.errors import InvalidInputError
from include.evaluation.kernels.acting import Actor, act_all
from include.evaluation.kernels.layers import Layers
from include.evaluation.kernels.memory import zeros

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]
# rows that go through the layers together, and symbols that are played side by side: as many as a processor reads ahead
ROWS = 8


@dataclass(frozen=True)
class Network:
    """A tanh network from observations to the logits of actions, and the normalisation before it.

    Products are summed in the order of the inputs with fused multiply-adds, so an observation gets the same logits to
    the last bit whatever machine computes them and whichever others it is computed with.

    Attributes
    ----------
    layers : tuple of (weight (out, in), bias (out,)), float32
        Hidden layers, each followed by tanh, then the logits.
    mean, deviation : float64 (d,)
        Observations are centred and scaled by them.
    clip : float
        Normalised observations lie within ±`clip`.
    """

    layers: tuple[Layer, ...]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    clip: float

    @property
    def observation_size(self) -> int:
        """Length of an observation."""
        return int(self.layers[0][0].shape[1])

    @property
    def actions(self) -> int:
        """Number of actions."""
        return len(self.layers[-1][1])

    def predict(self, observations: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the action with the greatest logit of each observation, the first of equal ones.

        Parameters
        ----------
        observations : float32 (n, d)
            Raw observations, as the environment gives them.

        Returns
        -------
        int64 (n,)

        Raises
        ------
        InvalidInputError
            Observations of another shape, or such that a logit is NaN.
        """
        if observations.ndim != 2 or observations.shape[1] != self.observation_size:
            raise InvalidInputError(
                f"`observations` must have shape (n, {self.observation_size}), was {observations.shape}. "
                "Hint: the policy and the environment must share one feature set."
            )
        seen = np.ascontiguousarray(observations, np.float32)
        chosen = np.empty(len(seen), np.int64)
        require_defined(act_all(self.actor, seen, ROWS, self.room, chosen))
        return chosen

    __call__ = predict

    @cached_property
    def shape(self) -> Layers:
        """Where its layers lie in memory."""
        return Layers(self.observation_size, tuple(len(bias) for _, bias in self.layers[:-1]), self.actions)

    @cached_property
    def actor(self) -> Actor:
        """The network as kernels read it."""
        network = zeros(self.shape.size)
        for (weights, biases), (weight, bias) in zip(self.shape.views(network), self.layers, strict=True):
            weights[...] = weight.T
            biases[...] = bias
        return Actor(network, self.shape.table, self.mean, self.deviation, self.clip, self.actions)

    @property
    def room(self) -> NDArray[np.float32]:
        """Memory for the values of `ROWS` observations."""
        return zeros(ROWS * self.shape.width)


def require_defined(undefined: int) -> None:
    """Refuse decisions of which some have no action."""
    if undefined:
        raise InvalidInputError(
            f"`observations` must give every action a number, was NaN in {undefined}. "
            "Hint: look for NaN in the parameters of the network and in the features of the dataset."
        )
