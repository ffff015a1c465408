"""Stock PPO with every value from the system's YAML."""

import numpy as np
import pytest
import torch
from stable_baselines3.common.vec_env import VecNormalize

from include.config.system import load_system
from include.training.artifacts import parameters_sha256
from include.training.sb3_model import build_model, model_state
from tests.unit.training.builders import tiny_dataset, tiny_system


def test_the_checklists_hyper_parameters_reach_the_algorithm() -> None:
    model = build_model(load_system("phase4"), tiny_dataset())
    assert (model.n_steps, model.batch_size, model.n_epochs) == (2048, 64, 10)
    assert (model.gamma, model.gae_lambda, model.ent_coef, model.vf_coef) == (0.99, 0.95, 0.001, 0.5)
    assert (model.max_grad_norm, model.lr_schedule(1.0), model.clip_range(1.0)) == (0.5, 3e-4, 0.2)
    assert model.lr_schedule(0.0) == 3e-4
    assert str(model.device) == "cpu"
    assert torch.get_num_threads() == 1


def test_every_hyper_parameter_is_passed_on_not_left_to_a_default() -> None:
    # none of these is the default of stable-baselines3
    values = {
        "learning_rate": 1e-4,
        "n_steps": 96,
        "batch_size": 48,
        "n_epochs": 3,
        "gamma": 0.97,
        "gae_lambda": 0.9,
        "ent_coef": 0.02,
        "vf_coef": 0.7,
        "max_grad_norm": 0.4,
    }
    model = build_model(tiny_system(clip_range=0.1, **values), tiny_dataset())
    assert {name: getattr(model, name) for name in values} == values
    assert model.clip_range(1.0) == 0.1


def test_observations_and_rewards_are_normalised_with_the_trainings_discount() -> None:
    env = build_model(tiny_system(gamma=0.9), tiny_dataset()).get_env()
    assert isinstance(env, VecNormalize)
    assert (env.norm_obs, env.norm_reward, env.gamma) == (True, True, 0.9)


@pytest.mark.parametrize("name", ["normalize_observations", "normalize_reward"])
def test_normalisation_can_be_switched_off(name: str) -> None:
    env = build_model(tiny_system(**{name: False}), tiny_dataset()).get_env()
    assert isinstance(env, VecNormalize)
    assert (env.norm_obs, env.norm_reward) == (name != "normalize_observations", name != "normalize_reward")


def test_the_state_of_a_model_describes_its_shape() -> None:
    state = model_state(build_model(tiny_system(net_arch=[32, 8]), tiny_dataset()))
    assert (state.architecture.observation_size, state.architecture.hidden, state.architecture.actions) == (
        13,
        (32, 8),
        5,
    )
    assert state.normalizer.mean.shape == (13,)
    assert state.timestep == 0


def test_a_state_does_not_change_when_training_goes_on() -> None:
    model = build_model(tiny_system(), tiny_dataset())
    before = model_state(model)
    identity, mean = before.sha256, before.normalizer.mean.copy()
    model.learn(64)
    assert before.sha256 == identity == parameters_sha256(before.parameters)
    np.testing.assert_array_equal(before.normalizer.mean, mean)
    assert model_state(model).sha256 != identity


def test_the_seed_decides_the_initial_parameters() -> None:
    hashes = [model_state(build_model(tiny_system(seed=seed), tiny_dataset())).sha256 for seed in (1, 1, 2)]
    assert hashes[0] == hashes[1] != hashes[2]
