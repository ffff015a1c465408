"""Where actor and critic lie in memory, and the way from stable-baselines3's tensors there and back.

Both networks have the same shape in memory. The zeros that widen their layers stay: their gradients and Adam's steps
are zero.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.evaluation.kernels.layers import Layers
from include.evaluation.kernels.memory import zeros
from include.training.artifacts import Parameters

Floats = NDArray[np.float32]
ACTOR, CRITIC = 0, 1


@dataclass(frozen=True)
class Layout:
    """Two tanh networks from one observation: to the logits of the actions, and to a value.

    Parameters
    ----------
    observation_size : int
        Length of an observation.
    hidden : tuple of int
        Widths of the hidden layers, the same in both.
    actions : int
        Number of actions.
    """

    observation_size: int
    hidden: tuple[int, ...]
    actions: int

    @cached_property
    def layers(self) -> Layers:
        """The shape in memory of either."""
        return Layers(self.observation_size, self.hidden, self.actions)

    def pack(self, parameters: Mapping[str, NDArray[Any]]) -> Floats:
        """Return the networks (2, size) that hold `parameters`, named and shaped as stable-baselines3 does."""
        networks = zeros((2, self.layers.size))
        for name, weights, biases in self._views(networks):
            weights[...] = parameters[f"{name}.weight"].T
            biases[...] = parameters[f"{name}.bias"]
        return networks

    def unpack(self, networks: Floats) -> Parameters:
        """Return a copy of what `pack` took."""
        parameters: Parameters = {}
        for name, weights, biases in self._views(networks):
            parameters[f"{name}.weight"] = np.ascontiguousarray(weights.T)
            parameters[f"{name}.bias"] = biases.copy()
        return parameters

    def _views(self, networks: Floats) -> Iterator[tuple[str, Floats, Floats]]:
        for network, net, head, outputs in (
            (networks[ACTOR], "policy_net", "action_net", self.actions),
            (networks[CRITIC], "value_net", "value_net", 1),
        ):
            names = [f"mlp_extractor.{net}.{2 * i}" for i in range(len(self.hidden))] + [head]
            for name, (weights, biases) in zip(names, self.layers.views(network, outputs), strict=True):
                yield name, weights, biases
