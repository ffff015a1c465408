from typing import Any

import pytest

from include.config.settings import Settings
from include.core.errors import ConfigurationError, InvalidInputError
from include.orchestration import forms
from include.orchestration.training_request import TrainingRequest


def request(**params: Any) -> TrainingRequest:
    return TrainingRequest.of({"system": "phase4", **params})


def full(settings: Settings) -> Settings:
    return settings.model_copy(update={"profile_name": "full"})


def test_the_form_and_the_request_have_the_same_fields_and_defaults() -> None:
    form = {name: param.value for name, param in forms.train_ppo().items()}
    assert set(form) == set(TrainingRequest.model_fields)
    assert TrainingRequest.of(form) == request()


def test_an_untouched_form_trains_the_system_as_it_is(settings: Settings) -> None:
    config = request().config(full(settings))
    assert (config.training.total_timesteps, config.training.engine) == (500_000, "fused")


def test_steps_come_from_the_form_then_the_changes_then_the_profile(settings: Settings) -> None:
    lines = "training.total_timesteps=5000"
    assert request().config(settings).training.total_timesteps == 20_480
    assert request(overrides=lines).config(settings).training.total_timesteps == 5_000
    assert request(steps=7_000).config(settings).training.total_timesteps == 7_000


def test_what_the_form_says_reaches_the_configuration(settings: Settings) -> None:
    config = request(
        preset="explore",
        symbols="BTC/USDT:USDT, ETH/USDT:USDT",
        engine="sb3",
        overrides="training.learning_rate=1e-4\n\nepisode_length=100\n",
    ).config(settings)
    assert config.symbols == ("BTC/USDT:USDT", "ETH/USDT:USDT")
    assert (config.training.engine, config.training.learning_rate, config.training.ent_coef) == ("sb3", 1e-4, 0.02)
    assert config.episode_length == 100


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"overrides": "training.learning_rate=1"}, "training.learning_rate"),
        ({"overrides": "training.learning_rat=1e-4"}, "training.learning_rat"),
        ({"overrides": "gates=1"}, "gates"),
        ({"symbols": "BTC/USDT:USDT,NOBODY/USDT:USDT"}, "symbols"),
        ({"preset": "brave"}, "preset"),
    ],
)
def test_a_value_that_the_configuration_refuses_is_named(
    settings: Settings, params: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"`{named}`"):
        request(**params).config(settings)


@pytest.mark.parametrize(
    ("params", "named"),
    [({"steps": 0}, "steps"), ({"minutes": 0}, "minutes"), ({"seeds": []}, "seeds"), ({"colour": 1}, "colour")],
)
def test_a_value_that_the_form_refuses_is_refused_without_the_form_too(params: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"`{named}`"):
        request(**params)


def test_a_change_may_not_contradict_a_field(settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match=r"`overrides` must not name `training.engine`"):
        request(engine="sb3", overrides="training.engine=fused").changes(settings)


def test_each_seed_is_a_training_and_adds_itself_to_the_name() -> None:
    assert request(seeds=[3, 5], output="mine").jobs(42) == [
        {"seed": 3, "output": "mine-s3"},
        {"seed": 5, "output": "mine-s5"},
    ]
    assert request(output="mine").jobs(42) == [{"seed": 42, "output": "mine"}]
    assert request(seeds=[3, 5]).jobs(42) == [{"seed": 3, "output": None}, {"seed": 5, "output": None}]


def test_a_seed_that_is_named_twice_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="`seeds` must name each seed once"):
        request(seeds=[3, 3]).jobs(42)


def test_a_resumed_run_goes_on_with_its_own_values() -> None:
    assert request(resume="mine").resume == "mine"
    with pytest.raises(InvalidInputError, match="`steps` must be left as it is beside `resume`, was 5"):
        request(resume="mine", steps=5)
