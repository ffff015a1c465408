"""The features of `shadow` against TA-Lib, or against their formula in plain Python, on minutes."""

from math import log
from statistics import fmean, pstdev

import numpy as np
import pandas as pd
import pytest
import talib

from include.features.families.shadow import FAMILY
from include.features.inputs import FeatureInputs
from include.features.matrix import compute
from include.features.registry import feature_set
from tests.support.recorded import recorded
from tests.unit.features.samples import candles, flat_candles, inputs

SHADOW15 = feature_set("shadow15")


def _minutes():
    frame = pd.read_parquet(recorded("klines_1m.parquet"), filters=[("symbol", "=", "BTCUSDT")])
    return frame.sort_values("open_time").tail(5000).reset_index(drop=True)


def _frame(name):
    return candles(3000, seed=11) if name == "synthetic" else _minutes()


def _reference(f, row):
    o, h, lo, c, v = (f[name].to_numpy(np.float64).copy() for name in ("open", "high", "low", "close", "volume"))
    upper, _, lower = (band[row] for band in talib.BBANDS(c, 20, 2.0, 2.0))
    line, signal, _ = (part[row] for part in talib.MACD(c, 12, 26, 9))
    volumes, closes = v[: row + 1].tolist(), c[: row + 1].tolist()
    return {
        "open_1": log(o[row] / o[row - 1]),
        "high_1": log(h[row] / c[row]),
        "low_1": log(lo[row] / c[row]),
        "close_1": log(c[row] / c[row - 1]),
        "volume_z_100": (volumes[-1] - fmean(volumes[-100:])) / pstdev(volumes[-100:]),
        "rsi_14": talib.RSI(c, 14)[row],
        "macd_line_26": line / c[row],
        "macd_signal_26": signal / c[row],
        "bollinger_position_20": (c[row] - lower) / (upper - lower),
        "bollinger_width_20": 4 * pstdev(closes[-20:]) / fmean(closes[-20:]),
        "atr_14": talib.ATR(h, lo, c, 14)[row] / c[row],
        "ema_distance_20": log(c[row] / talib.EMA(c, 20)[row]),
        "ema_distance_50": log(c[row] / talib.EMA(c, 50)[row]),
        "volume_ratio_20": volumes[-1] / fmean(volumes[-20:]),
        "momentum_10": c[row] / c[row - 10] - 1,
    }


@pytest.mark.parametrize("name", ["synthetic", "minutes"])
@pytest.mark.parametrize("row", [99, 700, 2999])
def test_the_fifteen_features_follow_their_formulas_in_the_documented_order(name, row):
    frame = _frame(name)
    timeframe = "4h" if name == "synthetic" else "1m"
    ours = compute(FeatureInputs(frame, timeframe), SHADOW15).iloc[row]
    expected = _reference(frame, row)
    assert [f"f_shadow_{key}" for key in expected] == list(SHADOW15.names) == [spec.name for spec in FAMILY.specs]
    for key, number in expected.items():
        assert ours[f"f_shadow_{key}"] == pytest.approx(number, rel=2e-6, abs=1e-8), key


def test_each_feature_warms_up_exactly_as_declared():
    present = compute(inputs(candles(300)), SHADOW15).notna().to_numpy()
    for column, spec in enumerate(SHADOW15.specs):
        assert not present[: spec.warmup, column].any(), spec.name
        assert present[spec.warmup :, column].all(), spec.name


def test_a_market_that_stands_still_claims_nothing():
    last = compute(inputs(flat_candles(200)), SHADOW15).iloc[-1]
    neutral = {"f_shadow_rsi_14": 50.0, "f_shadow_bollinger_position_20": 0.5, "f_shadow_volume_ratio_20": 1.0}
    for name in SHADOW15.names:
        assert last[name] == pytest.approx(neutral.get(name, 0.0), abs=1e-12), name
