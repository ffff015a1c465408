from dataclasses import replace

import pytest

from include.core.errors import InvalidInputError
from include.features.spec import Family, FeatureSet, candle_feature, sourced_feature

RSI = candle_feature("technical", "rsi_fast_7", "close volume", 7, "formula", range=(0.0, 100.0))
OPEN = candle_feature("price", "open_1", "open", 1, "other formula")


def _set(*specs):
    return FeatureSet("test", tuple(Family(spec.family, (spec,), lambda _, __: {}) for spec in specs))


def test_a_candle_feature_takes_name_and_lookback_from_its_key():
    assert (RSI.name, RSI.short_name, RSI.lookback) == ("f_technical_rsi_fast_7", "rsi_fast", 7)
    assert RSI.inputs == ("candles.close", "candles.volume")
    assert RSI.known_at == "open_time + timeframe"


def test_a_set_lists_its_families_in_order_and_warms_up_with_the_slowest():
    chosen = _set(OPEN, RSI)
    assert chosen.names == ("f_price_open_1", "f_technical_rsi_fast_7")
    assert chosen.warmup == 7
    assert chosen.spec("f_price_open_1") is OPEN
    with pytest.raises(InvalidInputError, match="`name` must be a feature of test, was 'f_x'"):
        chosen.spec("f_x")


@pytest.mark.parametrize(
    "change",
    [{"short_name": "x"}, {"lookback": 8}, {"inputs": ()}, {"warmup": 8}, {"range": (0.0, 1.0)}, {"formula": "x"}],
)
def test_the_hash_follows_whatever_decides_values(change):
    assert _set(OPEN, replace(RSI, **change)).sha256 != _set(OPEN, RSI).sha256


def test_the_hash_follows_the_order_but_not_the_prose():
    assert _set(RSI, OPEN).sha256 != _set(OPEN, RSI).sha256
    assert _set(OPEN, replace(RSI, source="x", talib="y")).sha256 == _set(OPEN, RSI).sha256


def test_a_sourced_feature_says_when_its_source_is_known():
    spec = sourced_feature("macro", "vix_z_days_120", "macro.VIXCLS", "z", known_at="22:00 UTC; at most 5 d old")
    assert (spec.name, spec.short_name, spec.lookback) == ("f_macro_vix_z_days_120", "vix_z_days", 120)
    assert (spec.inputs, spec.warmup) == (("macro.VIXCLS",), 0)
    older = replace(spec, known_at="22:00 UTC; at most 6 d old")
    assert _set(spec).sha256 != _set(older).sha256
