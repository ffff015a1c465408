from include.features.families.technical_specs import SPECS


def test_the_forty_features_come_in_the_documented_order():
    assert [f"{spec.short_name} {spec.lookback}" for spec in SPECS] == [
        *(f"ema_distance {n}" for n in (17, 34, 72, 144, 305, 610)),
        *(f"ema_slope {n}" for n in (17, 72, 144)),
        "ema_alignment 610",
        *(f"macd_{part} 26" for part in ("line", "signal", "histogram")),
        *(f"rsi {n}" for n in (7, 14, 28)),
        "stochrsi_k 14",
        "stochrsi_d 14",
        "bollinger_position 20",
        "bollinger_width 20",
        "keltner_position 20",
        "donchian_position 20",
        "donchian_position 55",
        "atr 14",
        "atr_ratio 50",
        "adx 14",
        "plus_di 14",
        "minus_di 14",
        "cci 20",
        "mfi 14",
        "obv_z 180",
        "cmf 20",
        *(f"roc {n}" for n in (3, 6, 42)),
        "volume_ratio 20",
        "volume_percentile 180",
        "taker_buy 1",
        "parkinson 20",
        "aroon 25",
    ]


def test_every_feature_says_where_it_stands_to_talib():
    assert all(spec.talib.startswith("equal: ") or spec.talib == "no TA-Lib function" for spec in SPECS)
