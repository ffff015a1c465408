"""Where the layers of a tanh network lie in memory: one flat array, every layer widened to whole vectors with zeros.

The zeros change nothing: tanh(0) is 0, and so is what a zero weight makes of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from include.evaluation.kernels.matrix import LANES

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Layers:
    """A network from `inputs` through layers of the widths `hidden`, each with a tanh, to `outputs`.

    Parameters
    ----------
    inputs : int
        Length of an observation.
    hidden : tuple of int
        Widths of the hidden layers.
    outputs : int
        Values of the last layer.
    """

    inputs: int
    hidden: tuple[int, ...]
    outputs: int

    @property
    def table(self) -> NDArray[np.int64]:
        """Layers, (l, 5): inputs, outputs, where weights and biases begin, width of all values before."""
        rows: list[tuple[int, int, int, int, int]] = []
        at, column = 0, self.inputs
        for inputs, outputs in pairwise(self._widths):
            rows.append((inputs, outputs, at, at + inputs * outputs, column))
            at += (inputs + 1) * outputs
            column += outputs
        return np.array(rows, np.int64)

    @property
    def size(self) -> int:
        """Numbers in the network."""
        return sum((inputs + 1) * outputs for inputs, outputs in pairwise(self._widths))

    @property
    def width(self) -> int:
        """Inputs and outputs of all layers together."""
        return sum(self._widths)

    @property
    def largest_hidden(self) -> int:
        """Weights of the largest layer behind the first."""
        return max(inputs * outputs for inputs, outputs in pairwise(self._widths[1:]))

    def views(self, network: Floats, outputs: int | None = None) -> Iterator[tuple[Floats, Floats]]:
        """Yield weights (in, out) and biases (out,) of each layer as views of `network` (size,), without the zeros.

        `outputs` narrows the last layer: networks that share a shape in memory may use less of it.
        """
        widths = (self.inputs, *self.hidden, self.outputs if outputs is None else outputs)
        for (rows, columns), place in zip(pairwise(widths), self.table.tolist(), strict=True):
            inputs, width, weight, bias, _ = place
            yield network[weight:bias].reshape(inputs, width)[:rows, :columns], network[bias : bias + columns]

    @property
    def _widths(self) -> tuple[int, ...]:
        return (self.inputs, *(_padded(width) for width in self.hidden), _padded(self.outputs))


def _padded(width: int) -> int:
    return -(-width // LANES) * LANES
