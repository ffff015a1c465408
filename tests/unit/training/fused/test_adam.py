import math

import numpy as np
import pytest
import torch

from include.training.fused.adam import EPSILON, Moments, norm, step
from include.training.fused.loss import Coefficients


def _coefficients(**changes: float) -> Coefficients:
    usual = {
        "learning_rate": 1e-3,
        "clip_range": 0.2,
        "ent_coef": 0.0,
        "vf_coef": 0.5,
        "max_grad_norm": 0.5,
        "weight_decay": 0.0,
        "target_kl": math.inf,
    }
    return Coefficients(**usual | changes)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("scale", [1e-3, 10.0], ids=["below the greatest norm", "clipped"])
def test_steps_are_those_of_torch(weight_decay: float, scale: float) -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=1000).astype(np.float32)
    ours, moments = first.copy(), Moments(np.zeros(1000, np.float32), np.zeros(1000, np.float32))
    theirs = torch.nn.Parameter(torch.from_numpy(first.copy()))
    optimizer = torch.optim.Adam([theirs], lr=1e-3, eps=EPSILON, weight_decay=weight_decay)
    for count in range(1, 21):
        gradient = (scale * rng.normal(size=1000)).astype(np.float32)
        theirs.grad = torch.from_numpy(gradient.copy())
        torch.nn.utils.clip_grad_norm_([theirs], 0.5)
        optimizer.step()
        step(ours, gradient, moments, count, _coefficients(weight_decay=weight_decay))
    assert np.abs(ours - first).max() > 0.001
    np.testing.assert_allclose(ours, theirs.detach().numpy(), atol=2e-7)


def test_the_norm_is_that_of_all_values() -> None:
    assert norm(np.array([3.0, 4.0], np.float32)) == 5.0
    assert norm(np.ones(10_000, np.float32)) == 100.0
