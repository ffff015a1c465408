import numpy as np

from include.evaluation.kernels.layers import Layers

# 3 inputs, hidden layers of 20 and 4, 5 outputs: in memory 3 → 32 → 16 → 16
LAYERS = Layers(3, (20, 4), 5)


def test_layers_lie_one_after_the_other_widened_to_16() -> None:
    assert LAYERS.table.tolist() == [
        [3, 32, 0, 96, 3],
        [32, 16, 128, 640, 35],
        [16, 16, 656, 912, 51],
    ]
    assert LAYERS.size == 928
    assert LAYERS.width == 67
    assert LAYERS.largest_hidden == 32 * 16


def test_views_reach_every_weight_and_bias_once_and_no_zero_that_widens() -> None:
    network = np.zeros(LAYERS.size, np.float32)
    shapes = []
    for weights, biases in LAYERS.views(network):
        weights += 1.0
        biases += 1.0
        shapes.append((weights.shape, biases.shape))
    assert shapes == [((3, 20), (20,)), ((20, 4), (4,)), ((4, 5), (5,))]
    assert network.sum() == 3 * 20 + 20 + 20 * 4 + 4 + 4 * 5 + 5
    assert network.max() == 1.0


def test_the_last_layer_may_be_narrower_than_its_place() -> None:
    *_, (weights, biases) = LAYERS.views(np.zeros(LAYERS.size, np.float32), 1)
    assert weights.shape == (4, 1)
    assert biases.shape == (1,)
