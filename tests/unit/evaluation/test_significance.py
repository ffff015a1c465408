"""p-values and rates against their definitions."""

import numpy as np
import pytest
from scipy import stats

from include.core.errors import InvalidInputError
from include.evaluation.significance import rate_of, shift_p_value, shifts_of


def test_the_best_of_ninety_nine_has_a_p_value_of_one_in_a_hundred() -> None:
    assert shift_p_value(5.0, np.arange(99) / 99) == 0.01
    assert shift_p_value(0.5, np.array([0.4, 0.5, 0.6])) == 0.75


def test_an_undefined_shift_is_no_better_and_an_undefined_result_has_no_p_value() -> None:
    assert shift_p_value(1.0, np.array([np.nan, np.nan, 2.0])) == 0.5
    assert shift_p_value(None, np.array([1.0])) is None
    assert shift_p_value(1.0, np.array([])) is None


def test_without_skill_p_values_are_spread_evenly() -> None:
    rng = np.random.default_rng(0)
    found = [shift_p_value(float(rng.normal()), rng.normal(size=99)) for _ in range(800)]
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_a_rate_comes_with_wilson_s_interval() -> None:
    rate = rate_of([True] * 3 + [False] * 17)
    # by hand: centre (0.15 + z²/40) / (1 + z²/20), z = 1.96
    assert (rate.share, rate.draws) == (0.15, 20)
    assert rate.low == pytest.approx(0.0524, abs=1e-4)
    assert rate.high == pytest.approx(0.3604, abs=1e-4)
    with pytest.raises(InvalidInputError, match="`hits` must hold at least one draw"):
        rate_of([])


def test_shifts_are_distinct_far_enough_and_seeded() -> None:
    shifts = shifts_of(500, 99, least=42, seed=1)
    assert len(set(shifts.tolist())) == 99
    assert shifts.min() >= 42
    assert shifts.max() <= 458
    np.testing.assert_array_equal(shifts, shifts_of(500, 99, least=42, seed=1))
    np.testing.assert_array_equal(shifts_of(10, 99, least=4, seed=1), [4, 5, 6])
    assert len(shifts_of(10, 99, least=6, seed=1)) == 0
