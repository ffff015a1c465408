"""Where the layers of actor and critic lie in memory, and the way from stable-baselines3's tensors there and back.

Both networks have the same shape in memory: every layer is widened to whole vectors with zeros. The zeros stay: their
inputs, their gradients and Adam's steps are zero.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.training.artifacts import Parameters
from include.training.fused.matrix import LANES
from include.training.fused.memory import zeros

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

    @property
    def table(self) -> NDArray[np.int64]:
        """Layers of a network, (l, 5): inputs, outputs, where weights and biases begin, width of all values before."""
        rows: list[tuple[int, int, int, int, int]] = []
        at, column = 0, self.observation_size
        for inputs, outputs in pairwise(self._widths):
            rows.append((inputs, outputs, at, at + inputs * outputs, column))
            at += (inputs + 1) * outputs
            column += outputs
        return np.array(rows, np.int64)

    @property
    def size(self) -> int:
        """Numbers in a network."""
        return sum((inputs + 1) * outputs for inputs, outputs in pairwise(self._widths))

    @property
    def width(self) -> int:
        """Inputs and outputs of all layers of a network together."""
        return sum(self._widths)

    @property
    def largest_hidden(self) -> int:
        """Weights of the largest layer behind the first."""
        return max(inputs * outputs for inputs, outputs in pairwise(self._widths[1:]))

    def pack(self, parameters: Mapping[str, NDArray[Any]]) -> Floats:
        """Return the networks (2, size) that hold `parameters`, named and shaped as stable-baselines3 does."""
        networks = zeros((2, self.size))
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

    @property
    def _widths(self) -> tuple[int, ...]:
        return (self.observation_size, *(_padded(width) for width in self.hidden), _padded(self.actions))

    def _views(self, networks: Floats) -> Iterator[tuple[str, Floats, Floats]]:
        for network, net, head, outputs in (
            (networks[ACTOR], "policy_net", "action_net", self.actions),
            (networks[CRITIC], "value_net", "value_net", 1),
        ):
            names = [f"mlp_extractor.{net}.{2 * i}" for i in range(len(self.hidden))] + [head]
            widths = (self.observation_size, *self.hidden, outputs)
            for name, (rows, columns), place in zip(names, pairwise(widths), self.table.tolist(), strict=True):
                inputs, width, weight, bias, _ = place
                whole = network[weight:bias].reshape(inputs, width)
                yield name, whole[:rows, :columns], network[bias : bias + columns]


def _padded(width: int) -> int:
    return -(-width // LANES) * LANES
