"""Forward pass of tanh networks whose layers lie in one flat array; see `Layers` for where."""

import numpy as np
from numpy.typing import NDArray

from include.evaluation.kernels.jit import kernel
from include.evaluation.kernels.matrix import multiply

Floats = NDArray[np.float32]
Table = NDArray[np.int64]

_LIMIT = np.float32(7.90531110763549805)
_P1, _P3, _P5, _P7, _P9, _P11, _P13 = (
    np.float32(value)
    for value in (
        4.89352455891786e-03,
        6.37261928875436e-04,
        1.48572235717979e-05,
        5.12229709037114e-08,
        -8.60467152213735e-11,
        2.00018790482477e-13,
        -2.76076847742355e-16,
    )
)
_Q0, _Q2, _Q4, _Q6 = (
    np.float32(value)
    for value in (4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06)
)


@kernel
def tanh(x: np.float32) -> np.float32:
    """Return the hyperbolic tangent within 4e-7, as a quotient of polynomials that compilers vectorise.

    Source: the coefficients of Eigen's `ptanh` (MPL-2.0), which torch and TensorFlow have used too.
    """
    x = _LIMIT if x > _LIMIT else x
    x = -_LIMIT if x < -_LIMIT else x
    square = x * x
    p = _P13 * square + _P11
    p = p * square + _P9
    p = p * square + _P7
    p = p * square + _P5
    p = p * square + _P3
    p = p * square + _P1
    q = _Q6 * square + _Q4
    q = q * square + _Q2
    q = q * square + _Q0
    return x * p / q


@kernel
def forward(network: Floats, layers: Table, rows: int, values: Floats) -> None:
    """Write the values of every layer behind the inputs, with which `values` begins.

    Parameters
    ----------
    network : float32 (p,)
        Weights and biases.
    layers : int64 (l, 5)
        `Layers.table`.
    rows : int
        Samples.
    values : float32, flat
        One (rows, width) matrix after the other: inputs, hidden layers after their tanh, outputs.
    """
    for number in range(len(layers)):
        inputs, outputs, weight, bias, column = layers[number]
        at = rows * column
        multiply(values, at - rows * inputs, inputs, 1, network, weight, values, at, rows, outputs, inputs)
        offsets = network[bias : bias + outputs]
        for i in range(rows):
            row = values[at + i * outputs : at + (i + 1) * outputs]
            if number < len(layers) - 1:
                for j in range(outputs):
                    row[j] = tanh(row[j] + offsets[j])
            else:
                for j in range(outputs):
                    row[j] += offsets[j]
