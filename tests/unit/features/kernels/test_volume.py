import numpy as np

from include.features.kernels import volume

NAN = np.nan


def test_obv_adds_the_volume_of_rises_and_takes_that_of_falls():
    result = volume.obv(np.array([1.0, 2.0, 2.0, 1.0]), np.array([5.0, 3.0, 7.0, 2.0]))
    np.testing.assert_array_equal(result, [5.0, 8.0, 8.0, 6.0])
    assert len(volume.obv(np.zeros(0), np.zeros(0))) == 0


def test_money_flow_is_the_volume_at_the_high_less_that_at_the_low():
    high, low, close = np.full(2, 12.0), np.full(2, 10.0), np.array([12.0, 10.0])
    result = volume.chaikin_money_flow(high, low, close, np.array([3.0, 1.0]), 2)
    np.testing.assert_array_equal(result, [NAN, 0.5])
    assert volume.chaikin_money_flow(high, low, close, np.zeros(2), 2)[1] == 0.0


def test_vwap_weighs_by_volume_and_falls_back_to_the_plain_mean():
    price = np.array([10.0, 20.0, 30.0])
    np.testing.assert_allclose(volume.vwap(price, price, price, np.array([1.0, 3.0, 0.0]), 2), [NAN, 17.5, 20.0])
    np.testing.assert_allclose(volume.vwap(price, price, price, np.zeros(3), 2), [NAN, 15.0, 25.0])


def test_z_score_counts_population_deviations():
    np.testing.assert_allclose(volume.z_score(np.array([1.0, 1.0, 4.0]), 3)[2], (4 - 2) / np.sqrt(2))
    assert volume.z_score(np.full(3, 0.1), 3)[2] == 0.0
