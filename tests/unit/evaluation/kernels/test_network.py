import numpy as np
import torch

from include.evaluation.kernels.layers import Layers
from include.evaluation.kernels.memory import zeros
from include.evaluation.kernels.network import forward, tanh

LAYERS = Layers(6, (20, 40), 5)
ROWS = 11


def test_tanh_is_within_four_ten_millionths_everywhere() -> None:
    xs = np.linspace(-15.0, 15.0, 20_001, dtype=np.float32)
    ours = np.array([tanh(x) for x in xs])
    assert np.abs(ours - np.tanh(xs.astype(np.float64))).max() < 4e-7
    assert np.isnan(tanh(np.float32(np.nan)))


def test_values_are_those_of_torch() -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(6, 20), torch.nn.Tanh(), torch.nn.Linear(20, 40), torch.nn.Tanh(), torch.nn.Linear(40, 5)
    )
    inputs = np.random.default_rng(0).normal(size=(ROWS, 6)).astype(np.float32)
    network, values = zeros(LAYERS.size), zeros(ROWS * LAYERS.width)
    for (weights, biases), layer in zip(LAYERS.views(network), list(net)[::2], strict=True):
        weights[...] = layer.weight.detach().numpy().T
        biases[...] = layer.bias.detach().numpy()
    values[: ROWS * 6] = inputs.ravel()

    forward(network, LAYERS.table, ROWS, values)

    head = values[ROWS * LAYERS.table[-1, 4] :].reshape(ROWS, 16)
    np.testing.assert_allclose(head[:, :5], net(torch.from_numpy(inputs)).detach().numpy(), atol=1e-6)
    assert not head[:, 5:].any()
