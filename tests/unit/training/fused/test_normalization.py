import numpy as np
import pytest
from stable_baselines3.common.running_mean_std import RunningMeanStd

from include.training.fused.normalization import (
    FIRST_COUNT,
    Statistics,
    normalize_observations,
    normalize_reward,
    update_observations,
    update_returns,
)


def _statistics(n: int, d: int) -> Statistics:
    return Statistics(np.zeros(d), np.ones(d), np.array([FIRST_COUNT, 0.0, 1.0, FIRST_COUNT]), np.zeros(n))


@pytest.mark.parametrize("n", [1, 2, 7])
def test_observation_statistics_have_the_bits_of_stable_baselines3(n: int) -> None:
    ours, theirs, rng = _statistics(n, 5), RunningMeanStd(shape=(5,)), np.random.default_rng(n)
    for _ in range(50):
        observations = rng.normal(3.0, 2.0, (n, 5)).astype(np.float32)
        update_observations(ours, observations, np.zeros((2, 5), np.float32))
        theirs.update(observations)
    assert (ours.mean == theirs.mean).all()
    assert (ours.variance == theirs.var).all()
    assert ours.counts[0] == theirs.count


@pytest.mark.parametrize("n", [1, 3])
def test_return_statistics_are_those_of_stable_baselines3(n: int) -> None:
    ours, theirs, rng = _statistics(n, 1), RunningMeanStd(shape=()), np.random.default_rng(n)
    returns = np.zeros(n)
    for _ in range(50):
        rewards = rng.normal(size=n).astype(np.float32)
        update_returns(ours, rewards, 0.9)
        returns = returns * 0.9 + rewards
        theirs.update(returns)
    assert (ours.returns == returns).all()
    np.testing.assert_allclose(ours.counts[1:], [theirs.mean, theirs.var, theirs.count], rtol=1e-12)


def test_observations_are_centred_scaled_and_clipped() -> None:
    statistics = Statistics(np.array([1.0, 0.0, 0.0]), np.array([4.0, 1e-4, 1.0]), np.ones(4), np.zeros(1))
    target = np.zeros((1, 3), np.float32)
    normalize_observations(statistics, np.array([[5.0, -3.0, np.nan]], np.float32), target)
    # (5 − 1) / 2, and −300 is beyond the clip
    np.testing.assert_allclose(target[0, :2], [2.0, -10.0], rtol=1e-6)
    assert np.isnan(target[0, 2])


def test_rewards_are_scaled_and_clipped_but_not_centred() -> None:
    statistics = Statistics(np.zeros(1), np.ones(1), np.array([1.0, 7.0, 4.0, 1.0]), np.zeros(1))
    assert normalize_reward(statistics, 3.0) == pytest.approx(1.5)
    assert normalize_reward(statistics, -30.0) == -10.0
    assert normalize_reward(statistics, 30.0) == 10.0
    assert np.isnan(normalize_reward(statistics, np.nan))
