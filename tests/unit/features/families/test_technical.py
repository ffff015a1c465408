"""Every technical feature against TA-Lib, or against its formula in plain Python where TA-Lib has none."""

from math import log, sqrt

import numpy as np
import pytest
import talib

from include.features.families.technical import FAMILY
from include.features.matrix import compute
from include.features.registry import feature_set
from tests.unit.features.samples import candles, flat_candles, inputs, market, markets

MARKET94 = feature_set("market94")


def _reference(f):
    o = {name: f[name].to_numpy(np.float64).copy() for name in ("high", "low", "close", "volume")}
    h, lo, c, v = o["high"], o["low"], o["close"], o["volume"]
    ema = {n: talib.EMA(c, n) for n in (17, 20, 34, 72, 144, 305, 610)}
    atr = {n: talib.ATR(h, lo, c, n) for n in (14, 20, 50)}
    macd = talib.MACD(c, 12, 26, 9)
    upper, middle, lower = talib.BBANDS(c, 20, 2.0, 2.0)
    k, d = talib.STOCHRSI(c, 14, 14, 3)
    # TA-Lib gives k out once d is there; the first two stand in its own STOCHF
    k = (
        100
        * (talib.RSI(c, 14) - talib.MIN(talib.RSI(c, 14), 14))
        / (talib.MAX(talib.RSI(c, 14), 14) - talib.MIN(talib.RSI(c, 14), 14))
    )
    pairs = ((17, 34), (34, 72), (72, 144), (144, 305), (305, 610))
    obv = talib.OBV(c, v)

    def shifted(x, n):
        return np.concatenate([np.full(n, np.nan), x[:-n]])

    return {
        **{f"ema_distance_{n}": np.log(c / ema[n]) for n in (17, 34, 72, 144, 305, 610)},
        **{f"ema_slope_{n}": np.log(ema[n] / shifted(ema[n], n)) for n in (17, 72, 144)},
        "ema_alignment_610": sum(np.sign(ema[a] - ema[b]) for a, b in pairs) / 5,
        **{f"macd_{part}_26": macd[i] / atr[14] for i, part in enumerate(("line", "signal", "histogram"))},
        **{f"rsi_{n}": talib.RSI(c, n) for n in (7, 14, 28)},
        "stochrsi_k_14": k,
        "stochrsi_d_14": d,
        "bollinger_position_20": (c - lower) / (upper - lower),
        "bollinger_width_20": (upper - lower) / middle,
        "keltner_position_20": (c - ema[20] + 2 * atr[20]) / (4 * atr[20]),
        **{f"donchian_position_{n}": (c - talib.MIN(lo, n)) / (talib.MAX(h, n) - talib.MIN(lo, n)) for n in (20, 55)},
        "atr_14": atr[14] / c,
        "atr_ratio_50": atr[14] / atr[50],
        "adx_14": talib.ADX(h, lo, c, 14),
        "plus_di_14": talib.PLUS_DI(h, lo, c, 14),
        "minus_di_14": talib.MINUS_DI(h, lo, c, 14),
        "cci_20": talib.CCI(h, lo, c, 20),
        "mfi_14": talib.MFI(h, lo, c, v, 14),
        "obv_z_180": (obv - talib.SMA(obv, 180)) / talib.STDDEV(obv, 180, 1.0),
        **{f"roc_{n}": talib.ROCP(c, n) for n in (3, 6, 42)},
        "volume_ratio_20": v / talib.SMA(v, 20),
        "aroon_25": talib.AROONOSC(h, lo, 25),
    }


NOT_IN_TALIB = {"cmf_20", "volume_percentile_180", "taker_buy_1", "parkinson_20"}


def test_every_feature_is_held_against_talib_or_is_said_not_to_be_in_it():
    compared = {f"f_technical_{key}" for key in _reference(candles(700))}
    assert compared == {spec.name for spec in FAMILY.specs if spec.talib.startswith("equal")}
    assert {spec.name for spec in FAMILY.specs} - compared == {f"f_technical_{key}" for key in NOT_IN_TALIB}


@pytest.mark.parametrize("name", markets())
def test_features_equal_talib(name):
    frame = market(name)
    ours = compute(inputs(frame), MARKET94)
    for key, expected in _reference(frame).items():
        actual = ours[f"f_technical_{key}"].to_numpy(np.float64)
        np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected), err_msg=key)
        # beside zero only the float32 of the column and TA-Lib's own running sums are left
        scale = np.nanmax(np.abs(expected))
        np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6 * scale * 0.01, err_msg=key)


@pytest.mark.parametrize("name", markets())
@pytest.mark.parametrize("row", [700, 1234, 2999])
def test_features_that_talib_lacks_follow_their_formula(name, row):
    frame = market(name)
    ours = compute(inputs(frame), MARKET94).iloc[row]
    w = list(frame.iloc[row - 19 : row + 1].itertuples())
    flow = sum(c.volume * ((c.close - c.low) - (c.high - c.close)) / (c.high - c.low) for c in w)
    assert ours["f_technical_cmf_20"] == pytest.approx(flow / sum(c.volume for c in w), rel=1e-5, abs=1e-7)
    variance = sum(log(c.high / c.low) ** 2 for c in w) / (4 * 20 * log(2))
    assert ours["f_technical_parkinson_20"] == pytest.approx(sqrt(variance), rel=1e-6)
    before, now = frame["volume"].iloc[row - 179 : row].tolist(), frame["volume"].iloc[row]
    below = sum(v < now for v in before) + 0.5 * sum(v == now for v in before)
    assert ours["f_technical_volume_percentile_180"] == pytest.approx(below / 179, rel=1e-6)


def test_taker_buy_is_the_takers_share_and_absent_where_the_source_has_none():
    frame = candles(3).assign(volume=[10.0, 10.0, 0.0], taker_buy_volume=[4.0, np.nan, 0.0])
    share = compute(inputs(frame), MARKET94)["f_technical_taker_buy_1"]
    np.testing.assert_array_equal(share, np.array([0.4, np.nan, 0.5], dtype=np.float32))
    without = compute(inputs(frame.drop(columns="taker_buy_volume")), MARKET94)["f_technical_taker_buy_1"]
    assert without.isna().all()


def test_a_market_that_stands_still_claims_nothing():
    frame = flat_candles(700).assign(taker_buy_volume=0.0)
    last = compute(inputs(frame), MARKET94).iloc[-1]
    neutral = {
        **dict.fromkeys(("rsi_7", "rsi_14", "rsi_28", "stochrsi_k_14", "stochrsi_d_14", "mfi_14"), 50.0),
        **dict.fromkeys(("bollinger_position_20", "keltner_position_20", "donchian_position_20"), 0.5),
        **dict.fromkeys(("donchian_position_55", "volume_percentile_180", "taker_buy_1"), 0.5),
        **dict.fromkeys(("atr_ratio_50", "volume_ratio_20"), 1.0),
        # as many candles since the low as since the high
        "aroon_25": 0.0,
    }
    for spec in FAMILY.specs:
        expected = neutral.get(f"{spec.short_name}_{spec.lookback}", 0.0)
        assert last[spec.name] == expected, spec.name
