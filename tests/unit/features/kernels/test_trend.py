import numpy as np

from include.features.kernels import trend


def test_macd_of_a_straight_line_is_the_difference_of_the_lags():
    # an EMA of period n follows a straight line (n − 1) / 2 steps behind
    line, signal = trend.macd(np.arange(200.0), 12, 26, 9)
    np.testing.assert_allclose(line[33:], (26 - 12) / 2, rtol=1e-12)
    np.testing.assert_allclose(signal[33:], (26 - 12) / 2, rtol=1e-12)
    assert np.isnan(line[:33]).all()
    assert np.isnan(signal[:33]).all()


def test_directional_movement_of_a_steady_climb_is_all_plus():
    low = 10.0 + np.arange(40.0)
    adx, plus, minus = trend.directional(low + 2.0, low, low + 1.0, 14)
    # every candle: up move 1, true range 2; the sums keep that ratio
    np.testing.assert_allclose(plus[14:], 50.0)
    np.testing.assert_array_equal(minus[14:], 0.0)
    np.testing.assert_allclose(adx[27:], 100.0)
    assert np.isnan(adx[:27]).all()
    assert np.isnan(plus[:14]).all()


def test_directional_movement_of_a_flat_market_is_nothing():
    flat = np.full(40, 3.0)
    for result, first in zip(trend.directional(flat, flat, flat, 14), (27, 14, 14), strict=True):
        np.testing.assert_array_equal(result[first:], 0.0)


def test_a_short_series_has_no_trend():
    for result in (*trend.macd(np.ones(10), 12, 26, 9), *trend.directional(np.ones(5), np.ones(5), np.ones(5), 14)):
        assert np.isnan(result).all()
