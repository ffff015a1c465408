import numpy as np
import pytest

from include.features.kernels import averages

NAN = np.nan


def test_ema_starts_at_the_mean_of_its_first_period():
    # mean of 1, 2, 6 is 3, then half of the way each time
    np.testing.assert_allclose(averages.ema(np.array([1.0, 2.0, 6.0, 5.0, 0.0]), 3), [NAN, NAN, 3.0, 4.0, 2.0])


def test_ema_from_a_later_row_is_seeded_with_the_rows_before_it():
    np.testing.assert_allclose(
        averages.ema_from(np.array([9.0, 2.0, 4.0, 7.0]), 2, 2), [NAN, NAN, 3.0, 3.0 + 4 * 2 / 3]
    )


def test_wilder_moves_by_one_part_in_n():
    np.testing.assert_allclose(averages.wilder(np.array([NAN, 2.0, 4.0, 7.0]), 2, 2), [NAN, NAN, 3.0, 5.0])


def test_averages_of_equal_values_are_exactly_that_value():
    assert set(averages.ema(np.full(40, 0.1), 7)[6:]) == {0.1}


def test_a_series_too_short_for_the_seed_has_no_value():
    assert np.isnan(averages.ema(np.ones(4), 5)).all()
    assert np.isnan(averages.wilder(np.ones(5), 5, 5)).all()


def test_log_ratio_is_the_logarithm_row_by_row():
    result = averages.log_ratio(np.array([np.e, 1.0, NAN]), np.array([1.0, np.e, 1.0]))
    np.testing.assert_allclose(result, [1.0, -1.0, NAN])


def test_lagged_gives_the_earlier_row():
    np.testing.assert_array_equal(averages.lagged(np.array([1.0, 2.0, 3.0]), 2), [NAN, NAN, 1.0])
    assert np.isnan(averages.lagged(np.array([1.0]), 2)).all()


def test_ratio_says_otherwise_only_where_the_denominator_is_zero():
    result = averages.ratio(np.array([6.0, 0.0, 5.0, NAN]), np.array([3.0, 0.0, 0.0, 2.0]), 0.5)
    np.testing.assert_array_equal(result, [2.0, 0.5, 0.5, NAN])


@pytest.mark.parametrize(("value", "expected"), [(10.0, 0.0), (12.0, 0.5), (14.0, 1.0), (16.0, 1.5)])
def test_position_runs_from_low_to_high(value, expected):
    result = averages.position_between(np.array([value, 3.0]), np.array([10.0, 3.0]), np.array([14.0, 3.0]))
    np.testing.assert_array_equal(result, [expected, 0.5])
