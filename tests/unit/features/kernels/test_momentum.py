import numpy as np

from include.features.kernels import momentum

NAN = np.nan


def test_rsi_weighs_gains_against_losses():
    # changes +3, −1: mean gain 1.5, mean loss 0.5; then +1: 1.25 and 0.25
    result = momentum.rsi(np.array([10.0, 13.0, 12.0, 13.0]), 2)
    np.testing.assert_allclose(result, [NAN, NAN, 75.0, 100 * 1.25 / 1.5])


def test_rsi_of_a_price_that_never_moved_claims_nothing():
    np.testing.assert_array_equal(momentum.rsi(np.full(5, 3.0), 2)[2:], 50.0)


def test_stochastic_begins_after_missing_rows():
    result = momentum.stochastic(np.array([NAN, 1.0, 3.0, 2.0, 2.0]), 2, 0.0)
    np.testing.assert_array_equal(result, [NAN, NAN, 100.0, 0.0, 50.0])


def test_stochastic_ignores_differences_below_the_resolution():
    assert momentum.stochastic(np.array([50.0, 50.0 + 1e-12]), 2, 1e-9)[1] == 50.0


def test_stochastic_of_missing_values_has_no_value():
    assert np.isnan(momentum.stochastic(np.full(4, NAN), 2, 0.0)).all()


def test_cci_measures_in_mean_distances():
    typical = np.array([1.0, 2.0, 6.0])
    # mean 3, mean distance (2 + 1 + 3) / 3 = 2
    np.testing.assert_allclose(momentum.cci(typical, typical, typical, 3)[2], (6 - 3) / (0.015 * 2))
    assert momentum.cci(np.full(3, 0.1), np.full(3, 0.1), np.full(3, 0.1), 3)[2] == 0.0


def test_mfi_needs_one_candle_more_than_its_changes():
    price, volume = np.array([10.0, 11.0, 10.0, 10.0]), np.array([1.0, 2.0, 3.0, 4.0])
    # rising 11·2 = 22, falling 10·3 = 30, the unchanged one counts for neither
    result = momentum.mfi(price, price, price, volume, 2)
    np.testing.assert_allclose(result, [NAN, NAN, 100 * 22 / 52, 0.0])


def test_aroon_oscillator_compares_the_age_of_the_extremes():
    high, low = np.array([5.0, 4.0, 3.0, 2.0]), np.array([4.0, 3.0, 2.0, 1.0])
    # the highest high is 2 candles old, the lowest low is new
    np.testing.assert_array_equal(momentum.aroon_oscillator(high, low, 2), [NAN, NAN, -100.0, -100.0])
