import numpy as np
import pytest

from include.features.kernels import windows

SERIES = np.random.default_rng(3).normal(size=61)


def _by_window(x, n, of):
    return np.array([np.nan if i < n - 1 else of(x[i - n + 1 : i + 1]) for i in range(len(x))])


@pytest.mark.parametrize("n", [1, 2, 7, 20, 61, 62])
def test_sum_and_extremes_equal_each_window_taken_alone(n):
    np.testing.assert_allclose(windows.window_sum(SERIES, n), _by_window(SERIES, n, np.sum), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(windows.window_max(SERIES, n), _by_window(SERIES, n, np.max))
    np.testing.assert_array_equal(windows.window_min(SERIES, n), _by_window(SERIES, n, np.min))


@pytest.mark.parametrize("n", [1, 2, 7, 20, 61, 62])
def test_moments_equal_those_of_each_window_taken_alone(n):
    mean, deviation = windows.window_moments(SERIES, n)
    np.testing.assert_allclose(mean, _by_window(SERIES, n, np.mean), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(deviation, _by_window(SERIES, n, np.std), rtol=1e-11, atol=1e-13)


def test_moments_survive_an_offset_that_cancels_sums_of_squares():
    _, deviation = windows.window_moments(SERIES + 1e9, 20)
    np.testing.assert_allclose(deviation[19:], _by_window(SERIES, 20, np.std)[19:], rtol=1e-6)


def test_nothing_of_an_outlier_stays_behind():
    spoiled = SERIES.copy()
    spoiled[30] = 1e15
    clean = windows.window_sum(SERIES, 5)
    np.testing.assert_array_equal(windows.window_sum(spoiled, 5)[35:], clean[35:])
    _, deviation = windows.window_moments(spoiled, 5)
    np.testing.assert_array_equal(deviation[35:], windows.window_moments(SERIES, 5)[1][35:])


def test_a_constant_window_has_exactly_no_deviation():
    mean, deviation = windows.window_moments(np.full(50, 0.1), 7)
    assert set(mean[6:]) == {0.1}
    assert set(deviation[6:]) == {0.0}


def test_rank_counts_values_below_and_half_of_the_equal_ones():
    rank = windows.window_rank(np.array([1.0, 3.0, 2.0, 2.0, 5.0, 0.0]), 3)
    np.testing.assert_array_equal(rank, [np.nan, np.nan, 0.5, 0.25, 1.0, 0.0])


def test_mean_distance_is_taken_from_the_mean_of_the_same_row():
    x = np.array([1.0, 2.0, 6.0])
    distance = windows.window_mean_distance(x, np.array([np.nan, np.nan, 3.0]), 3)
    np.testing.assert_array_equal(distance, [np.nan, np.nan, 2.0])


def test_the_newest_of_equal_maxima_counts():
    since = windows.candles_since_max(np.array([5.0, 1.0, 5.0, 2.0, 1.0]), 3)
    np.testing.assert_array_equal(since, [np.nan, np.nan, 0.0, 1.0, 2.0])


@pytest.mark.parametrize("rows", [0, 1, 4])
def test_a_series_shorter_than_the_window_has_no_value(rows):
    short = np.ones(rows)
    results = (windows.window_sum(short, 5), windows.window_max(short, 5), windows.window_rank(short, 5))
    for result in (*results, *windows.window_moments(short, 5), windows.candles_since_max(short, 5)):
        assert len(result) == rows
        assert np.isnan(result).all()
