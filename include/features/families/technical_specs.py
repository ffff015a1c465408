"""Declarations of the forty technical features; `technical.py` computes them."""

from functools import partial
from math import inf

from include.features.spec import FeatureSpec, candle_feature

NAME = "technical"
EMA_PERIODS = (17, 34, 72, 144, 305, 610)
SLOPE_PERIODS = (17, 72, 144)
RSI_PERIODS = (7, 14, 28)
# on its scale of 100: while the price stands still RSI moves by rounding alone
RSI_RESOLUTION = 1e-9
DONCHIAN_PERIODS = (20, 55)
ROC_PERIODS = (3, 6, 42)

_feature = partial(candle_feature, NAME)
_INDEX = (0.0, 100.0)
_UNIT = (0.0, 1.0)
_WILDER = "Wilder 1978"
_HLC = "high low close"
_HLCV = "high low close volume"


def _averages() -> list[FeatureSpec]:
    distances = [
        _feature(f"ema_distance_{n}", "close", n - 1, f"log(close / EMA {n})", talib=f"equal: log(close / EMA({n}))")
        for n in EMA_PERIODS
    ]
    slopes = [
        # over the average's own length: over one candle it would be the distance again, times a constant
        _feature(
            f"ema_slope_{n}",
            "close",
            2 * n - 1,
            f"log(EMA {n} / EMA {n} of {n} candles ago)",
            talib=f"equal: from EMA({n})",
        )
        for n in SLOPE_PERIODS
    ]
    alignment = _feature(
        "ema_alignment_610",
        "close",
        609,
        "mean sign of EMA 17 − EMA 34, 34 − 72, 72 − 144, 144 − 305, 305 − 610",
        range=(-1.0, 1.0),
        talib="equal: from EMA",
    )
    return [*distances, *slopes, alignment]


def _macd() -> list[FeatureSpec]:
    parts = {"line": "EMA 12 − EMA 26", "signal": "EMA 9 of the MACD line", "histogram": "MACD line − signal"}
    return [
        _feature(
            f"macd_{part}_26",
            _HLC,
            33,
            f"({formula}) / ATR 14; 0 when ATR = 0",
            source="Appel 1979",
            talib="equal: MACD(12, 26, 9) / ATR(14)",
        )
        for part, formula in parts.items()
    ]


def _oscillators() -> list[FeatureSpec]:
    rsi = [
        _feature(
            f"rsi_{n}",
            "close",
            n,
            f"100 · mean gain / (mean gain + mean loss), Wilder's averages of {n}; 50 while no price has moved",
            range=_INDEX,
            source=_WILDER,
            talib=f"equal: RSI({n}); except 0 there while no price has moved, which would claim oversold",
        )
        for n in RSI_PERIODS
    ]
    window = "(RSI 14 − lowest) / (highest − lowest) of 14 candles · 100; 50 when they differ by less than 1e-9"
    talib = "equal: STOCHRSI(14, 14, 3); except 0, or rounding, there when RSI stands still"
    return [
        *rsi,
        _feature("stochrsi_k_14", "close", 27, window, range=_INDEX, source="Chande and Kroll 1994", talib=talib),
        _feature(
            "stochrsi_d_14",
            "close",
            29,
            "mean of 3 StochRSI k",
            range=_INDEX,
            source="Chande and Kroll 1994",
            talib=talib,
        ),
    ]


def _channels() -> list[FeatureSpec]:
    donchian = [
        _feature(
            f"donchian_position_{n}",
            _HLC,
            n - 1,
            f"(close − lowest low) / (highest high − lowest low) of {n} candles; 0.5 when they are equal",
            range=_UNIT,
            source="Donchian 1960",
            talib=f"equal: from MAX({n}), MIN({n})",
        )
        for n in DONCHIAN_PERIODS
    ]
    return [
        _feature(
            "bollinger_position_20",
            "close",
            19,
            "(close − lower) / (upper − lower), mean ± 2 population deviations of 20 closes; 0.5 when they are equal",
            source="Bollinger 1992, %b",
            talib="equal: from BBANDS(20, 2, 2)",
        ),
        _feature(
            "bollinger_width_20",
            "close",
            19,
            "(upper − lower) / mean",
            range=(0.0, inf),
            source="Bollinger 1992",
            talib="equal: from BBANDS(20, 2, 2)",
        ),
        _feature(
            "keltner_position_20",
            _HLC,
            20,
            "(close − lower) / (upper − lower), EMA 20 ± 2 ATR 20; 0.5 when they are equal",
            source="Raschke's form of Keltner 1960",
            talib="equal: from EMA(20), ATR(20)",
        ),
        *donchian,
    ]


def _volatility_and_trend() -> list[FeatureSpec]:
    directional = [
        _feature(f"{name}_14", _HLC, warmup, formula, range=_INDEX, source=_WILDER, talib=f"equal: {name.upper()}(14)")
        for name, warmup, formula in (
            ("adx", 27, "Wilder's average of 100 · |+DI − −DI| / (+DI + −DI); unchanged by a candle without movement"),
            ("plus_di", 14, "100 · +DM / true range, Wilder's sums of 14; 0 without any range"),
            ("minus_di", 14, "100 · −DM / true range, Wilder's sums of 14; 0 without any range"),
        )
    ]
    return [
        _feature(
            "atr_14", _HLC, 14, "ATR 14 / close", range=(0.0, inf), source=_WILDER, talib="equal: ATR(14) / close"
        ),
        _feature(
            "atr_ratio_50",
            _HLC,
            50,
            "ATR 14 / ATR 50; 1 when both are 0",
            range=(0.0, inf),
            source=_WILDER,
            talib="equal: ATR(14) / ATR(50)",
        ),
        *directional,
        _feature(
            "cci_20",
            _HLC,
            19,
            "(typical − mean) / (0.015 · mean absolute distance from it) over 20 candles; 0 when all are equal",
            source="Lambert 1980",
            talib="equal: CCI(20)",
        ),
        _feature(
            "mfi_14",
            _HLCV,
            14,
            "100 · rising money / (rising + falling money) of 14 candles, money = typical · volume; 50 without any",
            range=_INDEX,
            source="Quong and Soudack 1989",
            talib="equal: MFI(14); except 0 there below 1 of money in the window, a limit that depends on the currency",
        ),
    ]


def _volume_and_rest() -> list[FeatureSpec]:
    roc = [
        _feature(f"roc_{n}", "close", n, f"close / close of {n} candles ago − 1", talib=f"equal: ROCP({n})")
        for n in ROC_PERIODS
    ]
    return [
        _feature(
            "obv_z_180",
            "close volume",
            179,
            "(OBV − mean) / population deviation over 180 candles; 0 when all are equal",
            source="Granville 1963",
            talib="equal: from OBV, whose arbitrary level cancels",
        ),
        _feature(
            "cmf_20",
            _HLCV,
            19,
            "Σ volume·((close − low) − (high − close)) / (high − low) / Σ volume over 20 candles; 0 without volume",
            range=(-1.0, 1.0),
            source="Chaikin",
        ),
        *roc,
        _feature(
            "volume_ratio_20",
            "volume",
            19,
            "volume / mean volume of 20 candles; 1 without volume",
            range=(0.0, 20.0),
            talib="equal: volume / SMA(20)",
        ),
        _feature(
            "volume_percentile_180",
            "volume",
            179,
            "share of the 179 volumes before that lie below this one, equal ones counted half",
            range=_UNIT,
        ),
        _feature(
            "taker_buy_1",
            "volume taker_buy_volume",
            0,
            "taker buy volume / volume; 0.5 without volume; no value where the source has no taker volume",
            range=_UNIT,
        ),
        _feature(
            "parkinson_20",
            "high low",
            19,
            "√(Σ log(high / low)² / (4·20·log 2)) over 20 candles, per candle",
            range=(0.0, inf),
            source="Parkinson 1980",
        ),
        _feature(
            "aroon_25",
            "high low",
            25,
            "100 · (candles since the lowest low − candles since the highest high of 26) / 25, the newest of equals",
            range=(-100.0, 100.0),
            source="Chande 1995",
            talib="equal: AROONOSC(25)",
        ),
    ]


SPECS = (*_averages(), *_macd(), *_oscillators(), *_channels(), *_volatility_and_trend(), *_volume_and_rest())
