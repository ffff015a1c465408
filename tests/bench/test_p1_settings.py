import pytest

from bench.p1_settings import ROLLOUT, ppo_arguments, system


@pytest.mark.parametrize("envs", [1, 8, 64])
def test_every_side_learns_from_rollouts_of_one_size_at_the_owners_hyper_parameters(envs: int):
    training, arguments = system(envs).training, ppo_arguments(envs)
    assert training.n_envs * training.n_steps == arguments["n_steps"] * envs == ROLLOUT == 2048
    assert (arguments["learning_rate"], arguments["batch_size"], arguments["n_epochs"]) == (3e-4, 64, 10)
    shared = set(arguments) - {"policy_kwargs", "seed"}
    assert {name: getattr(training, name) for name in shared} == {name: arguments[name] for name in shared}
