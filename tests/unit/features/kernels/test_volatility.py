import numpy as np

from include.features.kernels import volatility

NAN = np.nan


def test_true_range_spans_the_gap_to_the_previous_close():
    high, low, close = (
        np.array([11.0, 12.0, 20.0, 9.0]),
        np.array([9.0, 10.0, 18.0, 8.0]),
        np.array([10.0, 11.0, 19.0, 8.5]),
    )
    # 12 − 10; 20 − 11; 19 − 8
    np.testing.assert_array_equal(volatility.true_range(high, low, close), [NAN, 2.0, 9.0, 11.0])


def test_atr_starts_at_the_mean_of_its_first_true_ranges():
    high, low, close = (
        np.array([11.0, 12.0, 20.0, 9.0]),
        np.array([9.0, 10.0, 18.0, 8.0]),
        np.array([10.0, 11.0, 19.0, 8.5]),
    )
    np.testing.assert_allclose(volatility.atr(high, low, close, 2), [NAN, NAN, 5.5, (5.5 + 11.0) / 2])


def test_parkinson_of_equal_ranges_is_that_range_over_root_four_log_two():
    high, low = np.full(5, np.e**0.02), np.ones(5)
    expected = 0.02 / np.sqrt(4 * np.log(2))
    np.testing.assert_allclose(volatility.parkinson(high, low, 3), [NAN, NAN, expected, expected, expected])
