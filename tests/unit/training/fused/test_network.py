import numpy as np
import torch

from include.evaluation.kernels.memory import zeros
from include.evaluation.kernels.network import forward
from include.training.fused.layout import Layout
from include.training.fused.network import backward, sum_rows, transpose

LAYOUT = Layout(6, (20, 16, 40), 5)
LAYERS = LAYOUT.layers
ROWS = 11


def _torch_net() -> torch.nn.Sequential:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(6, 20),
        torch.nn.Tanh(),
        torch.nn.Linear(20, 16),
        torch.nn.Tanh(),
        torch.nn.Linear(16, 40),
        torch.nn.Tanh(),
        torch.nn.Linear(40, 5),
    )


def _as_actor(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = {f"{2 * i}": f"mlp_extractor.policy_net.{2 * i}" for i in range(3)} | {"6": "action_net"}
    actor = {f"{names[key.split('.')[0]]}.{key.split('.')[1]}": value for key, value in tensors.items()}
    critic = {
        name.replace("policy_net", "value_net"): np.zeros_like(value)
        for name, value in actor.items()
        if not name.startswith("action_net")
    }
    return actor | critic | {"value_net.weight": np.zeros((1, 40)), "value_net.bias": np.zeros(1)}


def test_values_and_gradients_are_those_of_torch() -> None:
    net, rng = _torch_net(), np.random.default_rng(0)
    inputs, slope = rng.normal(size=(ROWS, 6)).astype(np.float32), rng.normal(size=(ROWS, 5)).astype(np.float32)
    outputs = net(torch.from_numpy(inputs))
    outputs.backward(torch.from_numpy(slope))
    network = LAYOUT.pack(_as_actor({name: tensor.detach().numpy() for name, tensor in net.named_parameters()}))[0]
    values, deltas, gradient = zeros(ROWS * LAYERS.width), zeros(ROWS * LAYERS.width), zeros((2, LAYERS.size))
    values[: ROWS * 6] = inputs.ravel()
    forward(network, LAYERS.table, ROWS, values)
    head = slice(ROWS * LAYERS.table[-1, 4], None)
    np.testing.assert_allclose(values[head].reshape(ROWS, 16)[:, :5], outputs.detach().numpy(), atol=1e-6)
    deltas[head].reshape(ROWS, 16)[:, :5] = slope
    backward(network, LAYERS.table, ROWS, values, deltas, zeros(LAYERS.largest_hidden), gradient[0])
    expected = _as_actor({name: tensor.grad.numpy() for name, tensor in net.named_parameters()})
    for name, tensor in LAYOUT.unpack(gradient).items():
        np.testing.assert_allclose(tensor, expected[name], atol=2e-5, err_msg=name)


def test_rows_are_summed_and_matrices_turned() -> None:
    matrix = np.arange(2 * 16, dtype=np.float32)
    total, turned = np.full(16, np.nan, np.float32), np.zeros(32, np.float32)
    sum_rows(matrix, total)
    transpose(matrix, 2, 16, turned)
    # row 1 holds 16 more than row 0 in every column
    assert total.tolist() == [16.0 + 2 * j for j in range(16)]
    assert turned.reshape(16, 2).tolist() == [[float(j), float(j + 16)] for j in range(16)]
