"""The heart of the engine: one rollout and its permutations lead to the parameters of stable-baselines3."""

from typing import Any

import numpy as np
import pytest

from include.training.fused.loss import APPROX_KL, CLIP_FRACTION, ENTROPY, POLICY_LOSS, VALUE_LOSS
from tests.support.sb3_reference import fill, parameters_of, permutations, train
from tests.unit.training.fused.builders import TOLERANCE, Pair, greatest_difference, pair

# phase4's own: 320 gradient steps
PHASE4 = {"n_steps": 2048, "batch_size": 64, "n_epochs": 10, "net_arch": [64, 64]}
SMALL = {"n_steps": 256, "batch_size": 64, "n_epochs": 5}


def _update_both(both: Pair, training: dict[str, Any]) -> tuple[float, np.ndarray, dict[str, float]]:
    list(both.player.collect(both.learner.networks, both.first_uniforms))
    fill(both.stock, both.player.rollout)
    reported = train(both.stock, seed=9)
    samples = training["n_steps"] * training.get("n_envs", 1)
    figures = both.learner.update(both.player.samples, permutations(9, training["n_epochs"], samples))
    return greatest_difference(both.learner.parameters, parameters_of(both.stock)), figures, reported


@pytest.mark.parametrize(
    ("is_masked", "training", "steps"),
    [
        (False, PHASE4, 320),
        (False, PHASE4 | {"net_arch": [256, 256]}, 320),
        (False, {"n_steps": 200, "batch_size": 48, "n_epochs": 8, "n_envs": 3, "net_arch": [48, 20, 33]}, 104),
        (False, SMALL | {"net_arch": [32], "weight_decay": 0.05, "ent_coef": 0.05, "vf_coef": 0.9}, 20),
        (True, PHASE4, 320),
    ],
    ids=["phase4", "wide", "odd sizes", "one layer, weight decay", "masked"],
)
@pytest.mark.filterwarnings("ignore:You have specified a mini-batch size of 48")
def test_parameters_agree_after_an_update(is_masked: bool, training: dict[str, Any], steps: int) -> None:
    both = pair(is_masked=is_masked, **training)
    before = both.learner.parameters
    difference, figures, reported = _update_both(both, training)
    assert both.learner.steps == steps
    assert difference < TOLERANCE
    assert greatest_difference(before, both.learner.parameters) > 100 * TOLERANCE
    expected = {
        POLICY_LOSS: reported["policy_gradient_loss"],
        VALUE_LOSS: reported["value_loss"],
        ENTROPY: -reported["entropy_loss"],
        APPROX_KL: reported["approx_kl"],
        CLIP_FRACTION: reported["clip_fraction"],
    }
    np.testing.assert_allclose(figures, [expected[column] for column in sorted(expected)], atol=2e-6)


@pytest.mark.parametrize(
    "changed",
    [
        {"ent_coef": 0.0015},
        {"clip_range": 0.21},
        {"vf_coef": 0.51},
        {"max_grad_norm": 0.49},
        {"adam_eps": 1e-8},
        {"learning_rate": 3.01e-4},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_wrong_coefficient_is_detected(changed: dict[str, float]) -> None:
    difference, _, _ = _update_both(pair(changes=changed, **PHASE4), PHASE4)
    assert difference > TOLERANCE


def test_unmasked_stable_baselines3_is_told_from_the_masked_engine() -> None:
    masked, plain = pair(is_masked=True, **SMALL), pair(**SMALL)
    list(masked.player.collect(masked.learner.networks, masked.first_uniforms))
    masked.learner.update(masked.player.samples, permutations(9, 5, 256))
    fill(plain.stock, masked.player.rollout)
    train(plain.stock, seed=9)
    assert greatest_difference(masked.learner.parameters, parameters_of(plain.stock)) > TOLERANCE


def test_target_kl_ends_the_update_before_the_same_minibatch() -> None:
    training = SMALL | {"target_kl": 5e-5, "learning_rate": 1e-3}
    both = pair(**training)
    difference, figures, reported = _update_both(both, training)
    assert 1 < both.learner.steps < 20
    assert difference < TOLERANCE
    assert figures[APPROX_KL] == pytest.approx(float(reported["approx_kl"]), abs=1e-6)


def test_moments_of_adam_are_those_of_torch() -> None:
    both = pair(**SMALL)
    _update_both(both, SMALL)
    state = both.stock.policy.optimizer.state_dict()["state"]
    mean, square = both.learner.moments
    for index, (name, _) in enumerate(both.stock.policy.named_parameters()):
        assert state[index]["step"] == both.learner.steps
        np.testing.assert_allclose(mean[name], state[index]["exp_avg"].numpy(), atol=1e-6)
        np.testing.assert_allclose(square[name], state[index]["exp_avg_sq"].numpy(), atol=1e-6)
