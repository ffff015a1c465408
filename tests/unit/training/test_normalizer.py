"""Normalisation equals SB3's VecNormalize and survives its file."""

from pathlib import Path

import gymnasium
import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from include.core.errors import IntegrityError
from include.core.files import write_json
from include.training.normalizer import Normalizer, read_normalizer
from tests.unit.training.builders import normalizer


class _Box(gymnasium.Env[np.ndarray, np.int64]):
    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (13,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)


def test_normalised_observations_equal_those_of_vecnormalize() -> None:
    rng = np.random.default_rng(3)
    ours, stock = normalizer(rng), VecNormalize(DummyVecEnv([_Box]), clip_obs=10.0)
    stock.obs_rms.mean, stock.obs_rms.var = ours.mean, ours.variance
    observations = rng.normal(scale=20, size=(500, 13)).astype(np.float32)
    np.testing.assert_array_equal(ours.apply(observations), stock.normalize_obs(observations))


def test_values_beyond_the_clip_are_clipped() -> None:
    ours = normalizer(np.random.default_rng(0))
    assert ours.apply(np.full((1, 13), 1e6, np.float32)).tolist() == [[10.0] * 13]


def test_an_inactive_normaliser_changes_nothing() -> None:
    document = normalizer(np.random.default_rng(0)).to_json() | {"is_active": False}
    observations = np.arange(13, dtype=np.float32)[None]
    assert Normalizer.from_json(document).apply(observations).tolist() == observations.tolist()


def test_every_bit_survives_the_file(tmp_path: Path) -> None:
    ours = normalizer(np.random.default_rng(5))
    write_json(tmp_path / "n.json", ours.to_json())
    read = read_normalizer(tmp_path / "n.json")
    np.testing.assert_array_equal(read.mean, ours.mean)
    np.testing.assert_array_equal(read.variance, ours.variance)
    assert read.to_json() == ours.to_json()


def test_a_file_that_is_no_normaliser_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "n.json", {"observations": {"mean": [1.0]}})
    with pytest.raises(IntegrityError, match="not a normaliser"):
        read_normalizer(tmp_path / "n.json")
