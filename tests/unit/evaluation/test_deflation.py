"""Deflated Sharpe ratio against its paper and against simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from include.core.errors import InvalidInputError
from include.evaluation import deflation
from include.evaluation.deflation import (
    candles_needed,
    deflated_sharpe_ratio,
    effective_trials,
    expected_maximum_sharpe,
    probabilistic_sharpe_ratio,
)


def test_the_worked_example_of_the_paper() -> None:
    # Bailey and López de Prado (2014): annual SR 2.5, T 1250 days, N 100, V[SR] 1/2 a year, skew −3, kurtosis 10
    per_day = 2.5 / math.sqrt(250)
    luck = expected_maximum_sharpe(100, 0.5 / 250)
    assert luck == pytest.approx(0.1132, abs=5e-5)
    factor = deflation._variance_factor(per_day, -3.0, 10.0)
    assert stats.norm.cdf((per_day - luck) * math.sqrt(1249) / math.sqrt(factor)) == pytest.approx(0.9004, abs=5e-5)


@pytest.mark.parametrize("trials", [10, 100])
def test_the_best_of_lucky_tries_is_what_simulation_finds(trials: int) -> None:
    draws = np.random.default_rng(1).normal(0.0, 0.03, size=(20_000, trials)).max(axis=1)
    assert expected_maximum_sharpe(trials, 0.03**2) == pytest.approx(draws.mean(), rel=0.03)


def test_one_try_is_not_deflated() -> None:
    returns = np.random.default_rng(2).normal(0.001, 0.01, 500)
    assert expected_maximum_sharpe(1, 0.5) == 0.0
    assert deflated_sharpe_ratio(returns, 1, 0.5) == probabilistic_sharpe_ratio(returns)


def test_more_tries_leave_less() -> None:
    returns = np.random.default_rng(2).normal(0.001, 0.01, 500)
    left = [deflated_sharpe_ratio(returns, trials, 0.002) for trials in (1, 1.2, 2, 10, 100, 1000)]
    assert left == sorted(left, reverse=True)


def test_for_normal_returns_the_probability_is_that_of_the_t_statistic() -> None:
    returns = np.random.default_rng(3).normal(0.0005, 0.01, 4_000)
    statistic = returns.mean() / returns.std(ddof=1) * math.sqrt(len(returns))
    assert probabilistic_sharpe_ratio(returns) == pytest.approx(stats.norm.cdf(statistic), abs=2e-3)


def test_without_skill_the_probability_is_spread_evenly() -> None:
    found = [probabilistic_sharpe_ratio(np.random.default_rng(seed).normal(0, 1, 300)) for seed in range(600)]
    assert stats.kstest(found, "uniform").pvalue > 0.01


@pytest.mark.parametrize("returns", [np.zeros(500), np.full(500, 0.01), np.array([0.1, -0.1] * 4)])
def test_what_cannot_be_known_is_none(returns: np.ndarray) -> None:
    assert probabilistic_sharpe_ratio(returns) is None
    assert deflated_sharpe_ratio(returns, 10, 0.1) is None
    assert candles_needed(returns, 0.0) is None


def test_copies_are_one_try_and_strangers_are_many() -> None:
    rng = np.random.default_rng(4)
    one = rng.normal(size=400)
    assert effective_trials(np.tile(one, (20, 1))) == pytest.approx(1.0)
    assert effective_trials(rng.normal(size=(20, 4_000))) == pytest.approx(20.0, rel=0.03)
    assert effective_trials(np.zeros((5, 400))) == 1.0
    assert effective_trials(np.vstack([one, np.zeros(400), np.zeros(400)])) == 2.0


def test_the_candles_needed_give_the_power_they_promise() -> None:
    returns = np.random.default_rng(5).normal(0.05, 1.0, 3_000)
    effect = returns.mean() / returns.std(ddof=1)
    needed = candles_needed(returns, 0.0)
    assert needed is not None
    draws = np.random.default_rng(6).normal(effect, 1.0, size=(4_000, needed))
    statistics = draws.mean(axis=1) / draws.std(axis=1, ddof=1) * math.sqrt(needed)
    assert (statistics > deflation.ONE_SIDED_95).mean() == pytest.approx(0.8, abs=0.03)


def test_no_number_of_candles_shows_what_is_not_there() -> None:
    assert candles_needed(np.random.default_rng(7).normal(0.01, 1.0, 500), 0.5) is None


def test_bad_numbers_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="`trials` must be at least 1, was 0"):
        expected_maximum_sharpe(0, 1.0)
    with pytest.raises(InvalidInputError, match="`variance` must not be negative, was -1"):
        expected_maximum_sharpe(2, -1)
