import numpy as np

from include.core.clock import parse_utc, to_ms
from include.sandbox.synthetic_factors import (
    END_MS,
    HORIZON_DAYS,
    START_MS,
    autoregressive,
    bounded,
    fat_tailed,
    simulate_factors,
)

DAY = 86_400_000


def test_the_market_has_three_years_of_hours_and_a_horizon_past_its_end() -> None:
    factors = simulate_factors(1)
    assert factors.open_time[0] == START_MS == to_ms(parse_utc("2023-03-01"))
    assert factors.open_time[-1] == END_MS + HORIZON_DAYS * DAY - 3_600_000
    assert set(np.diff(factors.open_time).tolist()) == {3_600_000}


def test_a_seed_decides_everything() -> None:
    first, again, other = simulate_factors(1), simulate_factors(1), simulate_factors(2)
    assert np.array_equal(first.common_return, again.common_return)
    assert not np.array_equal(first.common_return, other.common_return)


def test_returns_have_no_drift_and_no_memory_but_their_size_has() -> None:
    # over 20 seeds, so that one lucky market does not decide
    t_values, memory, size_memory = [], [], []
    for seed in range(20):
        r = simulate_factors(seed).common_return
        t_values.append(r.mean() / r.std() * np.sqrt(len(r)))
        memory.append(np.corrcoef(r[1:], r[:-1])[0, 1])
        size_memory.append(np.corrcoef(np.abs(r[1:]), np.abs(r[:-1]))[0, 1])
    assert abs(np.mean(t_values)) < 4 / np.sqrt(20)
    assert abs(np.mean(memory)) < 0.01
    assert np.mean(size_memory) > 0.1


def test_returns_have_fat_tails() -> None:
    r = simulate_factors(3).common_return
    assert ((r - r.mean()) ** 4).mean() / r.var() ** 2 > 6  # a normal distribution has 3


def test_fat_tailed_numbers_have_unit_variance() -> None:
    assert abs(fat_tailed(np.random.default_rng(0), 400_000).var() - 1) < 0.05


def test_bounding_is_symmetrical() -> None:
    assert bounded(np.array([-3.0, -0.1, 0.0, 0.1, 3.0])).tolist() == [-0.4, -0.1, 0.0, 0.1, 0.4]


def test_autoregression_remembers() -> None:
    assert autoregressive(np.array([1.0, 0.0, 2.0]), 0.5).tolist() == [1.0, 0.5, 2.25]
