import numpy as np

from include.environments.phase4.tape import OBSERVATION_BOUND, tape_of
from tests.support.datasets import STEP_MS, series_from_closes


def test_a_tape_holds_the_rows_as_plain_numbers():
    series = series_from_closes("BTC/USDT:USDT", np.array([100.0, 102.0, 101.0]), spread=0.01)
    series.funding_inner[1] = 0.0003

    tape = tape_of(series, np.array([0.5, 0.6, 0.7]), STEP_MS)

    second = tape.candles[1]
    assert (second.open, second.close, second.atr, second.funding_inner) == (100.0, 102.0, 1.02, 0.0003)
    assert second.close_time - second.open_time == STEP_MS
    assert type(second.open) is float
    assert tape.stress == [0.5, 0.6, 0.7]


def test_features_are_clipped_to_the_observation_bound_without_touching_the_dataset():
    features = np.array([[1e9, -1e9, 3.5], [0.0, 0.0, 0.0]])
    series = series_from_closes("BTC/USDT:USDT", np.array([100.0, 101.0]), features=features)

    tape = tape_of(series, np.zeros(2), STEP_MS)

    assert tape.features[0].tolist() == [OBSERVATION_BOUND, -OBSERVATION_BOUND, 3.5]
    assert series.features[0, 0] == np.float32(1e9)
