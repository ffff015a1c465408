from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from include.features.inputs import other_sources
from include.features.matrix import FeatureInputs, compute
from include.features.registry import feature_set
from tests.unit.features.samples import RECORDED_SYMBOLS, candles, inputs, market, recorded_candles
from tests.unit.features.surroundings import around

MARKET94 = feature_set("market94")


def test_rows_are_candles_and_columns_are_the_set_in_order():
    frame = candles(30)
    matrix = compute(inputs(frame), MARKET94)
    assert tuple(matrix.columns) == MARKET94.names
    assert set(matrix.dtypes) == {np.dtype("float32")}
    assert matrix.index.name == "open_time"
    assert str(matrix.index.dtype) == "datetime64[ms, UTC]"
    assert (matrix.index.asi8 == frame["open_time"]).all()


@pytest.mark.parametrize("name", ["synthetic", *RECORDED_SYMBOLS])
def test_each_feature_warms_up_exactly_as_declared(name):
    frame = market(name).head(700)
    if "taker_buy_volume" not in frame:
        frame = frame.assign(taker_buy_volume=frame["volume"] / 3)
    matrix = compute(around(frame), MARKET94)
    present = matrix.notna().to_numpy()
    for column, spec in enumerate(MARKET94.specs):
        assert not present[: spec.warmup, column].any(), spec.name
        assert present[spec.warmup :, column].all(), spec.name


def test_a_missing_candle_starts_every_feature_anew():
    frame = candles(1500, missing=(800,))
    given = around(frame)
    matrix = compute(given, MARKET94)
    alone = compute(replace(given, candles=frame.iloc[800:]), MARKET94)
    pd.testing.assert_frame_equal(matrix.iloc[800:], alone, check_freq=False)
    assert matrix.iloc[800 : 800 + MARKET94.warmup].isna().any(axis=1).all()


@pytest.mark.parametrize("name", ["synthetic", *RECORDED_SYMBOLS])
def test_values_stay_in_their_declared_range(name):
    matrix = compute(around(market(name)), MARKET94)
    for spec in MARKET94.specs:
        values = matrix[spec.name].dropna()
        assert np.isfinite(values).all(), spec.name
        assert values.empty or spec.range[0] <= values.min() <= values.max() <= spec.range[1], spec.name


def test_nothing_depends_on_the_currency_a_price_is_quoted_in():
    frame = candles(900)
    scaled = frame.assign(**{name: frame[name] * 1024 for name in ("open", "high", "low", "close")})
    # a power of two scales without rounding, so that not even the last bit may differ
    pd.testing.assert_frame_equal(compute(inputs(frame), MARKET94), compute(inputs(scaled), MARKET94))


def test_the_callers_frames_are_not_changed():
    given = around(candles(50))
    frames = {"candles": given.candles, **other_sources(given), **given.reference}
    before = {name: frame.copy() for name, frame in frames.items()}
    compute(given, MARKET94)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_no_candles_give_no_rows():
    matrix = compute(FeatureInputs(candles(0), "4h"), MARKET94)
    assert matrix.shape == (0, len(MARKET94.names))


def test_recorded_frames_work_as_they_come():
    frame = recorded_candles("BTCUSDT")
    by_column = compute(FeatureInputs(frame), MARKET94)
    pd.testing.assert_frame_equal(by_column, compute(FeatureInputs(frame.set_index("open_time"), "4h"), MARKET94))
