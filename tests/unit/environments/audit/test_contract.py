import warnings
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from include.environments.audit.contract import declared_shape, determinism, gymnasium_contract, reward_components
from include.environments.audit.verdicts import NotApplicableError
from tests.support.audits import probe_of
from tests.support.defects.ledger import LedgerEnv
from tests.support.defects.planted import (
    DeclaresAnotherShape,
    DrawsFromElsewhere,
    MisnamesReward,
    Silent,
    SilentWithoutBounds,
)


class Warns(LedgerEnv):
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple:
        warnings.warn("odd\nvery", stacklevel=1)
        return super().reset(seed=seed, options=options)


class Unbounded(LedgerEnv):
    def observe(self) -> np.ndarray:
        return 1e6 * super().observe()


class Clipped(LedgerEnv):
    reward_clip = 0.05

    def step(self, action: Any) -> tuple:
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, float(np.clip(reward, -0.05, 0.05)), terminated, truncated, info


class Nested(LedgerEnv):
    """Observations as a dictionary."""

    def __init__(self, scenario: Any) -> None:
        super().__init__(scenario)
        self.observation_space = spaces.Dict({"market": self.observation_space})

    def observe(self) -> Any:
        return {"market": super().observe()}


@pytest.mark.parametrize("check", [gymnasium_contract, declared_shape, determinism, reward_components])
def test_honest_books_pass(check):
    result = check(probe_of(LedgerEnv))

    assert result.passed, result.message
    assert result.name == check.__name__


@pytest.mark.parametrize("check", [gymnasium_contract, declared_shape, determinism])
def test_observations_may_be_dictionaries(check):
    assert check(probe_of(Nested)).passed


@pytest.mark.filterwarnings("ignore:odd")
def test_check_env_may_not_even_warn():
    result = gymnasium_contract(probe_of(Warns))

    assert not result.passed
    assert result.message == "check_env warns: odd"


def test_every_warning_shows_with_how_to_mend_it():
    result = gymnasium_contract(probe_of(SilentWithoutBounds))

    assert not result.passed
    assert result.message.startswith("check_env warns: A Box observation space minimum value is -infinity")
    assert "maximum value is infinity" in result.message
    assert result.message.endswith("Hint: give the spaces finite bounds, `low` and `high`.")


def test_a_declared_shape_unlike_the_real_one_fails():
    result = declared_shape(probe_of(DeclaresAnotherShape))

    assert not result.passed
    assert result.message == "The space declares (8,) float32, the first observation is (7,) float32."
    assert not gymnasium_contract(probe_of(DeclaresAnotherShape)).passed


def test_an_observation_outside_its_bounds_fails():
    result = declared_shape(probe_of(Unbounded))

    assert not result.passed
    assert "outside the bounds" in result.message


def test_noise_that_no_seed_controls_fails():
    result = determinism(probe_of(DrawsFromElsewhere))

    assert (result.passed, result.observed) == (False, 0)
    assert "observations differ" in result.message


def test_a_reward_with_an_unnamed_part_fails():
    result = reward_components(probe_of(MisnamesReward))

    assert not result.passed
    assert result.observed == pytest.approx(result.limit - 0.25)


def test_components_sum_to_the_reward_after_the_declared_clip():
    result = reward_components(probe_of(Clipped))

    assert result.passed
    assert "clipped to ±0.05" in result.message


def test_without_named_components_there_is_nothing_to_sum():
    with pytest.raises(NotApplicableError, match="`info` has no `reward_components`"):
        reward_components(probe_of(Silent))
