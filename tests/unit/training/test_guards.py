"""NaN, infinity and absurd magnitudes are refused, with the column that holds them."""

import numpy as np
import pytest

from include.config.system import load_system
from include.core.errors import DivergedError
from include.training.guards import Guard, exploded
from include.training.recorder import Update
from tests.unit.training.builders import tiny_dataset, tiny_system

UPDATE = Update(64, policy_loss=-0.01, value_loss=0.5, entropy=1.6, approx_kl=0.01, clip_fraction=0.1)


@pytest.fixture
def guard() -> Guard:
    return Guard(tiny_system(), tiny_dataset().info)


@pytest.mark.parametrize(("value", "shown"), [(np.nan, "nan"), (-np.inf, "-inf"), (2e6, "2000000.0")])
def test_a_bad_observation_names_its_column(guard: Guard, value: float, shown: str) -> None:
    values = np.zeros((4, 2, 13), np.float32)
    values[3, 1, 2] = value
    with pytest.raises(DivergedError, match=rf"at most 1e\+06, `f_test_2` was {shown} at step 640"):
        guard.observations(values, 640)


def test_an_account_feature_is_counted_from_the_first_of_them(guard: Guard) -> None:
    values = np.zeros(13)
    values[4] = np.nan
    with pytest.raises(DivergedError, match="`account feature 1` was nan"):
        guard.observations(values, 1)


def test_a_column_of_a_longer_window_says_how_old_it_is() -> None:
    system, info = load_system("shadow"), tiny_dataset().info
    values = np.zeros(3 * 20 + 5)
    # the oldest candle stands first, the newest last
    for column, name in ((1, "f_test_1, 19 candles ago"), (59, "f_test_2"), (62, "account feature 2")):
        broken = values.copy()
        broken[column] = np.nan
        with pytest.raises(DivergedError, match=f"`{name}` was nan"):
            Guard(system, info).observations(broken, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -2e6])
def test_a_bad_reward_is_refused(guard: Guard, value: float) -> None:
    with pytest.raises(DivergedError, match=r"Rewards must be finite and at most 1e\+06, was"):
        guard.rewards(np.array([0.0, value]), 5)


@pytest.mark.parametrize("name", ["policy_loss", "value_loss", "entropy", "approx_kl"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e7])
def test_a_bad_figure_of_an_update_is_named(guard: Guard, name: str, value: float) -> None:
    figures = {field: getattr(UPDATE, field) for field in UPDATE.__slots__} | {name: value}
    with pytest.raises(DivergedError, match=f"`{name}` was {value}.*step 64.*reduce `learning_rate`"):
        guard.update(Update(**figures), {})


def test_a_bad_parameter_is_named(guard: Guard) -> None:
    parameters = {"fine": np.ones(3), "broken.weight": np.array([[1.0, np.nan]])}
    with pytest.raises(DivergedError, match=r"parameter `broken.weight` held nan"):
        guard.update(UPDATE, parameters)


def test_a_sound_training_passes(guard: Guard) -> None:
    guard.observations(np.full((3, 13), -1e6), 1)
    guard.rewards(np.array([10.0, -10.0]), 1)
    guard.update(UPDATE, {"weight": np.array([3.0])})


def test_a_broken_update_tells_the_step() -> None:
    assert "in the update at step 1,024" in str(exploded(1024))
