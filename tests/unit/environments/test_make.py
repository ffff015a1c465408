import numpy as np
import pytest

from include.config.system import load_system
from include.core.errors import ConfigurationError, InvalidInputError
from include.environments.make import make_env
from include.features.dataset import Dataset
from tests.support.datasets import dataset_of, martingale

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


@pytest.fixture
def dataset() -> Dataset:
    return dataset_of(martingale(BTC, 1_200, seed=1), martingale(ETH, 1_200, seed=2))


def test_all_symbols_of_the_split_play_by_default(dataset):
    assert make_env("phase4", dataset, "train").unwrapped.symbols == (BTC, ETH)


def test_the_symbols_of_a_system_are_those_it_trains_on(dataset):
    system = load_system("phase4").model_copy(update={"symbols": (ETH,)})

    assert make_env(system, dataset, "train").unwrapped.symbols == (ETH,)
    assert make_env(system, dataset, "train", symbols=[BTC]).unwrapped.symbols == (BTC,)


def test_a_symbol_without_rows_is_refused_by_name(dataset):
    with pytest.raises(InvalidInputError, match=r"`symbols`.*was DOGE/USDT:USDT\. Hint: 2 symbols do"):
        make_env("phase4", dataset, "train", symbols=[BTC, "DOGE/USDT:USDT"])


def test_a_symbol_whose_rows_are_all_alone_is_left_out():
    lone = martingale(ETH, 1_200, seed=2)
    lone.segment[:] = np.arange(1_200)

    assert make_env("phase4", dataset_of(martingale(BTC, 1_200, seed=1), lone), "train").unwrapped.symbols == (BTC,)


def test_an_unknown_system_is_refused(dataset):
    with pytest.raises(ConfigurationError, match="`system`"):
        make_env("nobody", dataset, "train")
    with pytest.raises(InvalidInputError, match="`system` must be one of phase4, was 'other'"):
        make_env(load_system("phase4").model_copy(update={"name": "other"}), dataset, "train")


def test_another_timeframe_is_refused(dataset):
    system = load_system("phase4").model_copy(update={"timeframe": "1h"})

    with pytest.raises(InvalidInputError, match="timeframe 1h, was 4h"):
        make_env(system, dataset, "train")


def test_an_episode_has_at_least_one_step(dataset):
    with pytest.raises(InvalidInputError, match="`episode_length` must be at least 1, was 0"):
        make_env("phase4", dataset, "train", episode_length=0)


def test_the_length_of_an_episode_can_be_chosen(dataset):
    env = make_env("phase4", dataset, "train", seed=1, episode_length=3)
    env.reset()

    assert [env.step(0)[3] for _ in range(3)] == [False, False, True]
