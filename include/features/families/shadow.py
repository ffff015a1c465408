"""The fifteen features of `shadow`: one candle, trend and volatility, made for minutes, good for any timeframe."""

from functools import partial
from math import inf

from include.features.inputs import FeatureInputs, Segment
from include.features.kernels.averages import ema, lagged, log_ratio, position_between, ratio
from include.features.kernels.momentum import rsi
from include.features.kernels.trend import macd
from include.features.kernels.volatility import atr
from include.features.kernels.volume import z_score
from include.features.kernels.windows import window_moments
from include.features.spec import Columns, Family, candle_feature

NAME = "shadow"
_feature = partial(candle_feature, NAME)
_bands = partial(_feature, source="Bollinger 1992", talib="equal: from BBANDS(20, 2, 2)")
_macd = partial(_feature, source="Appel 1979", talib="equal: MACD(12, 26, 9) / close")

SPECS = (
    _feature("open_1", "open", 1, "log(open / previous open)"),
    _feature("high_1", "high close", 0, "log(high / close)", range=(0.0, inf)),
    _feature("low_1", "low close", 0, "log(low / close)", range=(-inf, 0.0)),
    _feature("close_1", "close", 1, "log(close / previous close)"),
    _feature("volume_z_100", "volume", 99, "(volume − mean) / population deviation over 100 candles; 0 when all equal"),
    _feature(
        "rsi_14",
        "close",
        14,
        "100 · mean gain / (mean gain + mean loss), Wilder's averages of 14; 50 while no price has moved",
        range=(0.0, 100.0),
        source="Wilder 1978",
        talib="equal: RSI(14); except 0 there while no price has moved, which would claim oversold",
    ),
    _macd("macd_line_26", "close", 33, "(EMA 12 − EMA 26) / close"),
    _macd("macd_signal_26", "close", 33, "EMA 9 of the MACD line / close"),
    _bands(
        "bollinger_position_20",
        "close",
        19,
        "(close − lower) / (upper − lower), mean ± 2 population deviations of 20 closes; 0.5 when they are equal",
    ),
    _bands("bollinger_width_20", "close", 19, "(upper − lower) / mean", range=(0.0, inf)),
    _feature(
        "atr_14",
        "high low close",
        14,
        "ATR 14 / close",
        range=(0.0, inf),
        source="Wilder 1978",
        talib="equal: ATR(14) / close",
    ),
    _feature("ema_distance_20", "close", 19, "log(close / EMA 20)", talib="equal: log(close / EMA(20))"),
    _feature("ema_distance_50", "close", 49, "log(close / EMA 50)", talib="equal: log(close / EMA(50))"),
    _feature(
        "volume_ratio_20",
        "volume",
        19,
        "volume / mean volume of 20 candles; 1 without volume",
        range=(0.0, 20.0),
        talib="equal: volume / SMA(20)",
    ),
    _feature("momentum_10", "close", 10, "close / close of 10 candles ago − 1", talib="equal: ROCP(10)"),
)


def compute(segment: Segment, _: FeatureInputs) -> Columns:
    """Return the features of `shadow` of one contiguous run of candles, float64 (rows,) each."""
    high, low, close, volume = segment.high, segment.low, segment.close, segment.volume
    line, signal = macd(close, 12, 26, 9)
    mean, deviation = window_moments(close, 20)
    mean_volume, _deviation = window_moments(volume, 20)
    columns = {
        "open_1": log_ratio(segment.open, lagged(segment.open, 1)),
        "high_1": log_ratio(high, close),
        "low_1": log_ratio(low, close),
        "close_1": log_ratio(close, lagged(close, 1)),
        "volume_z_100": z_score(volume, 100),
        "rsi_14": rsi(close, 14),
        "macd_line_26": line / close,
        "macd_signal_26": signal / close,
        "bollinger_position_20": position_between(close, mean - 2.0 * deviation, mean + 2.0 * deviation),
        "bollinger_width_20": 4.0 * deviation / mean,
        "atr_14": atr(high, low, close, 14) / close,
        "ema_distance_20": log_ratio(close, ema(close, 20)),
        "ema_distance_50": log_ratio(close, ema(close, 50)),
        "volume_ratio_20": ratio(volume, mean_volume, 1.0),
        "momentum_10": close / lagged(close, 10) - 1.0,
    }
    return {f"f_{NAME}_{key}": column for key, column in columns.items()}


FAMILY = Family(NAME, SPECS, compute)
