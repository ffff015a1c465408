from functools import partial

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor, VecNormalize

from include.core.errors import InvalidInputError
from include.environments.make import make_env
from include.features.dataset import Dataset
from include.training.vec_env import make_vec_env
from tests.support.datasets import dataset_of
from tests.support.minutes import minute_dataset, rough

NAMES = ["A/USDT:USDT", "B/USDT:USDT"]
SYSTEMS = {"phase4": {"episode_length": 30}, "shadow": {"episode_length": 30, "symbols": NAMES}}


def dataset_for(system: str) -> Dataset:
    series = [rough(name, 1_500, seed=i) for i, name in enumerate(NAMES)]
    return minute_dataset(*series) if system == "shadow" else dataset_of(*series)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return dataset_for("phase4")


@pytest.mark.parametrize(("system", "settings"), SYSTEMS.items())
def test_it_plays_what_a_dummy_vec_env_of_single_environments_plays(system: str, settings: dict) -> None:
    data = dataset_for(system)
    ours = make_vec_env(system, 5, data, **settings)
    theirs = DummyVecEnv([partial(make_env, system, data, "train", **settings)] * 5)
    for env in (ours, theirs):
        env.seed(3)
    assert (ours.reset() == theirs.reset()).all()
    rng, ended = np.random.default_rng(1), 0
    for _ in range(200):
        actions = rng.integers(ours.action_space.n, size=5)
        observations, rewards, dones, infos = ours.step(actions)
        expected = theirs.step(actions)
        assert (observations == expected[0]).all()
        assert rewards.dtype == expected[1].dtype
        assert (rewards == expected[1]).all()
        assert (dones == expected[2]).all()
        for i, (info, wanted) in enumerate(zip(infos, expected[3], strict=True)):
            assert ours.reward_components[i].tolist() == list(wanted["reward_components"].values())
            if not dones[i]:
                assert info == {}
                continue
            ended += 1
            assert (info["terminal_observation"] == wanted["terminal_observation"]).all()
            assert info["TimeLimit.truncated"] is wanted["TimeLimit.truncated"]
            assert info["reward_components"] == wanted["reward_components"]
            assert info["equity"] == wanted["equity"]
            assert info["episode_statistics"]["trades"] == wanted["episode_statistics"]["trades"]
    assert ended > 20


def test_an_info_at_the_end_sums_the_components_of_its_episode(dataset: Dataset) -> None:
    env = make_vec_env("phase4", 2, dataset, seed=1, episode_length=10)
    env.reset()
    sums, rng = np.zeros((2, 4)), np.random.default_rng(1)
    for _ in range(10):
        *_, dones, infos = env.step(rng.integers(5, size=2))
        sums += env.reward_components

    assert dones.all()
    assert [list(info["episode_components"].values()) for info in infos] == [pytest.approx(s) for s in sums.tolist()]
    assert {info["symbol"] for info in infos} <= set(NAMES)


def test_options_are_used_once(dataset: Dataset) -> None:
    env = make_vec_env("phase4", 2, dataset, seed=1)
    env.set_options({"symbol": NAMES[1], "start": 100})
    chosen = env.reset()

    assert (chosen[0] == chosen[1]).all()
    assert (env.reset() != chosen).any()


def test_the_seed_of_the_maker_holds_for_the_first_reset(dataset: Dataset) -> None:
    first, again = (make_vec_env("phase4", 3, dataset, seed=4).reset() for _ in range(2))

    assert (first == again).all()
    assert (first[1] == make_env("phase4", dataset, "train", seed=5).reset()[0]).all()


def test_ppo_learns_on_it_through_the_usual_wrappers(dataset: Dataset) -> None:
    env = VecNormalize(VecMonitor(make_vec_env("phase4", 4, dataset, seed=1, episode_length=20)))
    model = PPO("MlpPolicy", env, n_steps=32, batch_size=64, n_epochs=2, seed=0, device="cpu")
    model.learn(256)

    assert model.num_timesteps == 256
    assert len(model.ep_info_buffer) == 12
    assert {episode["l"] for episode in model.ep_info_buffer} == {20}


def test_attributes_are_those_of_the_batch_or_its_own(dataset: Dataset) -> None:
    env = make_vec_env("phase4", 3, dataset)

    assert env.get_attr("market", [0, 2]) == [env.batch.market] * 2
    assert env.get_attr("render_mode") == [None] * 3
    assert env.env_is_wrapped(VecMonitor) == [False] * 3


def test_what_single_environments_could_do_is_refused(dataset: Dataset) -> None:
    env = make_vec_env("phase4", 3, dataset)

    with pytest.raises(InvalidInputError, match="`gamma` cannot be set"):
        env.set_attr("gamma", 1.0)
    with pytest.raises(InvalidInputError, match="`render` cannot be called"):
        env.env_method("render")


def test_training_on_the_test_split_is_refused(dataset: Dataset) -> None:
    with pytest.raises(InvalidInputError, match="`split` must be 'train' or 'validation' for training, was 'test'"):
        make_vec_env("phase4", 2, dataset, "test")

    make_vec_env("phase4", 2, dataset, "test", purpose="evaluation").reset()
