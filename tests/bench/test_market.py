import numpy as np
import pandas as pd

from bench.market import DAY_MS, FOUR_HOURS_MS, candles, inputs
from include.features.matrix import compute
from include.features.registry import feature_set


def test_candles_are_sound_and_the_same_for_a_seed():
    frame = candles(500, seed=3)
    assert (frame["high"] >= frame[["open", "close"]].max(axis=1)).all()
    assert (frame["low"] <= frame[["open", "close"]].min(axis=1)).all()
    assert (np.diff(frame["open_time"]) == FOUR_HOURS_MS).all()
    pd.testing.assert_frame_equal(frame, candles(500, seed=3))
    assert len(candles(0, seed=3)) == 0


def test_the_market_feeds_every_feature_so_that_none_is_timed_doing_nothing():
    matrix = compute(inputs(1_500, 3, "4h", FOUR_HOURS_MS), feature_set("market94"))
    empty = matrix.columns[matrix.iloc[-200:].isna().any()]
    assert list(empty) == []


def test_days_begin_before_the_candles():
    market = inputs(10, 3, "4h", FOUR_HOURS_MS)
    assert market.open_time[0] - market.macro["date"].min() == 365 * DAY_MS
