import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import talib

from include.core.clock import from_ms
from include.core.errors import DataQualityError, InvalidInputError
from include.features import store
from include.features.build import build
from include.features.candidates import (
    Candidate,
    complete_rows,
    filled_symbols,
    inactive_features,
    load_candidate,
    require_acceptable,
    segments,
)
from include.features.dataset import Window
from include.features.registry import feature_set
from include.features.spec import Family, FeatureSet, candle_feature
from tests.unit.features.conftest import ABSENT, BTC

NAMES = [f"f_x_n_{i}" for i in range(30)]
CHOSEN = FeatureSet(
    "test", (Family("x", tuple(candle_feature("x", f"n_{i}", "close", 0, "") for i in range(30)), dict),)
)
TRAIN = Window(
    start=datetime(1970, 1, 1, tzinfo=UTC), end=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=1000)
)


def _candidate(values, times=None):
    values = np.asarray(values, dtype=np.float32)
    times = np.arange(len(values)) * 10 if times is None else np.asarray(times)
    return Candidate("X", times, {"close": np.arange(len(values), dtype=np.float64)}, values)


def _random(rows=100, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, 30))


def test_a_candidate_holds_the_warm_rows_and_atr_in_price_units(filled, frames):
    build(filled, "market94", "4h")
    folder = filled.home.features("market94")
    warmup = feature_set("market94").warmup
    loaded = load_candidate(folder, BTC, store.read_manifest(folder), warmup, 14)
    frame = frames[BTC]
    assert loaded.open_time.tolist() == frame["open_time"].iloc[609:].tolist()
    expected = talib.ATR(*(frame[name].to_numpy().copy() for name in ("high", "low", "close")), 14)[609:]
    np.testing.assert_allclose(loaded.market["atr"], expected, rtol=1e-12)
    absent = [
        name
        for name, column in zip(feature_set("market94").names, loaded.values.T, strict=True)
        if np.isnan(column).all()
    ]
    assert absent == list(ABSENT)
    assert np.isnan(loaded.values).any(axis=0).sum() == len(absent)


@pytest.mark.parametrize(("missing", "inactive"), [(5, False), (6, True)])
def test_below_ninety_five_percent_of_the_training_cells_a_feature_is_inactive(missing, inactive):
    values = _random()
    values[:missing, 3] = np.nan
    found = inactive_features([_candidate(values)], TRAIN, CHOSEN)
    expected = {"f_x_n_3": "covers 94.0% of the training candles, needs 95%"} if inactive else {}
    assert found == expected


def test_coverage_is_pooled_over_symbols_and_blind_to_later_rows():
    lacking, whole = _random(200), _random(200, seed=1)
    lacking[:9, 0] = np.nan
    lacking[100:, 1] = np.nan
    assert inactive_features([_candidate(lacking), _candidate(whole)], TRAIN, CHOSEN) == {}


def test_a_feature_that_is_constant_over_all_symbols_in_training_is_inactive():
    first, second = _random(200), _random(200)
    first[:100, 2] = second[:100, 2] = 0.25
    first[:100, 4], second[:100, 4] = 1.0, 2.0
    found = inactive_features([_candidate(first), _candidate(second)], TRAIN, CHOSEN)
    assert found == {"f_x_n_2": "constant at 0.25 in training"}


def test_an_absent_feature_has_no_source():
    values = _random()
    values[:, 0] = np.nan
    assert inactive_features([_candidate(values)], TRAIN, CHOSEN) == {"f_x_n_0": "no source: needs candles.close"}


def test_a_source_that_begins_after_training_is_there_but_covers_nothing():
    values = _random(200)
    values[:100, 0] = np.nan
    assert inactive_features([_candidate(values)], TRAIN, CHOSEN) == {
        "f_x_n_0": "covers 0.0% of the training candles, needs 95%"
    }


def test_a_feature_that_stands_still_in_some_symbols_looks_filled():
    values = [_random(100, seed) for seed in range(40)]
    for filled in values[:2]:
        filled[:, 7] = 0.0001
    values[0][:, 8] = 0.5
    found = filled_symbols([_candidate(each) for each in values], TRAIN, CHOSEN)
    assert found == {"f_x_n_7": "stands still in 2 of 40 symbols"}
    # two of forty-one are less than one in twenty
    values.append(_random(100, 41))
    assert filled_symbols([_candidate(each) for each in values], TRAIN, CHOSEN) == {}


def test_a_feature_that_is_absent_in_a_symbol_is_not_filled_there():
    values = [_random(100, seed) for seed in range(4)]
    for absent in values[:2]:
        absent[:, 7] = np.nan
    assert filled_symbols([_candidate(each) for each in values], TRAIN, CHOSEN) == {}


def test_more_than_twenty_inactive_features_need_consent_by_name():
    require_acceptable(NAMES[:20], [], CHOSEN)
    with pytest.raises(DataQualityError, match="At most 20 features may be inactive, 21 are: f_x_n_0, "):
        require_acceptable(NAMES[:21], [], CHOSEN)
    require_acceptable(NAMES[:21], NAMES[20:21], CHOSEN)
    with pytest.raises(DataQualityError, match="22 are"):
        require_acceptable(NAMES[:22], NAMES[25:], CHOSEN)


def test_the_refusal_names_the_shortest_option_that_works_with_what_was_accepted_before():
    with pytest.raises(
        DataQualityError, match=r"22 are: .* Hint: .* `--accept-inactive f_x_n_1,f_x_n_21,f_x_n_22`"
    ) as found:
        require_acceptable(NAMES[:23], [NAMES[1], NAMES[25]], CHOSEN)
    option = re.search(r"--accept-inactive (\S+)`", str(found.value))
    require_acceptable(NAMES[:23], option[1].split(","), CHOSEN)


def test_consent_to_an_unknown_feature_is_refused():
    with pytest.raises(InvalidInputError, match="`accept_inactive` must name features of test, was f_y"):
        require_acceptable([], ["f_y"], CHOSEN)


def test_complete_rows_have_every_active_feature_and_zero_for_the_others():
    values = np.array([[1, np.nan], [np.nan, 2], [3, 4], [5, 6]])
    kept = complete_rows(_candidate(values), np.array([True, False]), end_ms=30)
    assert kept.open_time.tolist() == [0, 20]
    assert kept.values.tolist() == [[1.0, 0.0], [3.0, 0.0]]
    assert kept.market["close"].tolist() == [0.0, 2.0]


def test_a_missing_row_starts_a_new_segment():
    assert segments(np.array([0, 10, 30, 40, 90]), 10).tolist() == [0, 0, 1, 1, 2]
    assert segments(np.array([], dtype=np.int64), 10).tolist() == []
    assert segments(np.array([0]), 10).dtype == np.int32


def test_the_training_window_is_half_open():
    assert from_ms(1000) == TRAIN.end
    values = _random(101)
    values[:100, 5] = 1.0
    assert list(inactive_features([_candidate(values)], TRAIN, CHOSEN)) == ["f_x_n_5"]
