"""Backward pass of tanh networks whose layers lie in one flat array; the forward pass is evaluation's too."""

import numpy as np
from numpy.typing import NDArray

from include.evaluation.kernels.matrix import LANES, multiply
from include.training.fused.jit import kernel

Floats = NDArray[np.float32]
Table = NDArray[np.int64]
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@kernel
def backward(
    network: Floats, layers: Table, rows: int, values: Floats, deltas: Floats, transposed: Floats, gradient: Floats
) -> None:
    """Write the gradient of a loss at all weights and biases.

    Parameters
    ----------
    network, layers, rows
        As in `forward`.
    values : float32, flat
        As `forward` left them.
    deltas : float32, flat
        Of the shape of `values`; its last matrix holds the gradient at the outputs, the others are overwritten.
    transposed : float32, flat
        Room for the largest weights behind the first layer.
    gradient : float32 (p,)
        Where the gradient goes, in the places of `network`.
    """
    for number in range(len(layers) - 1, -1, -1):
        inputs, outputs, weight, bias, column = layers[number]
        at, before = rows * column, rows * (column - inputs)
        sum_rows(deltas[at : at + rows * outputs], gradient[bias : bias + outputs])
        multiply(values, before, 1, inputs, deltas, at, gradient, weight, inputs, outputs, rows)
        if number > 0:
            transpose(network[weight:bias], inputs, outputs, transposed)
            multiply(deltas, at, outputs, 1, transposed, 0, deltas, before, rows, inputs, outputs)
            slope = deltas[before:at]
            hidden = values[before:at]
            for i in range(len(slope)):
                slope[i] *= _ONE - hidden[i] * hidden[i]


@kernel
def sum_rows(matrix: Floats, target: Floats) -> None:
    """Write the sum of the rows of a flat matrix."""
    for j in range(len(target)):
        target[j] = _ZERO
    for start in range(0, len(matrix), len(target)):
        row = matrix[start : start + len(target)]
        for j in range(len(target)):
            target[j] += row[j]


@kernel
def transpose(matrix: Floats, rows: int, columns: int, target: Floats) -> None:
    """Write the transpose of a flat matrix, strip by strip: 16 columns stay in the first cache."""
    for start in range(0, columns, LANES):
        for i in range(rows):
            strip = matrix[i * columns + start : i * columns + start + LANES]
            for j in range(LANES):
                target[(start + j) * rows + i] = strip[j]
