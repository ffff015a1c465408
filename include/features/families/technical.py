"""The forty technical features, from trend to volume."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from include.features.families.technical_specs import (
    DONCHIAN_PERIODS,
    EMA_PERIODS,
    NAME,
    ROC_PERIODS,
    RSI_PERIODS,
    RSI_RESOLUTION,
    SLOPE_PERIODS,
    SPECS,
)
from include.features.inputs import FeatureInputs, Segment
from include.features.kernels.averages import ema, lagged, log_ratio, position_between, ratio
from include.features.kernels.momentum import aroon_oscillator, cci, mfi, rsi, stochastic
from include.features.kernels.trend import directional, macd
from include.features.kernels.volatility import atr, parkinson
from include.features.kernels.volume import chaikin_money_flow, obv, z_score
from include.features.kernels.windows import window_max, window_min, window_moments, window_rank
from include.features.spec import Columns, Family

Array = NDArray[np.float64]


def compute(segment: Segment, _: FeatureInputs) -> Columns:
    """Return the technical features of one contiguous run of candles, float64 (rows,) each."""
    atr_14 = atr(segment.high, segment.low, segment.close, 14)
    groups = (
        _averages(segment.close),
        _macd(segment.close, atr_14),
        _oscillators(segment.close),
        _channels(segment),
        _volatility_and_trend(segment, atr_14),
        _volume_and_rest(segment),
    )
    return {f"f_{NAME}_{key}": column for group in groups for key, column in group.items()}


def _averages(close: Array) -> Columns:
    averages = {n: ema(close, n) for n in EMA_PERIODS}
    columns = {f"ema_distance_{n}": log_ratio(close, average) for n, average in averages.items()}
    for n in SLOPE_PERIODS:
        columns[f"ema_slope_{n}"] = log_ratio(averages[n], lagged(averages[n], n))
    pairs = pairwise(EMA_PERIODS)
    signs = [np.sign(averages[fast] - averages[slow]) for fast, slow in pairs]
    columns["ema_alignment_610"] = sum(signs[1:], signs[0]) / len(signs)
    return columns


def _macd(close: Array, atr_14: Array) -> Columns:
    line, signal = macd(close, 12, 26, 9)
    return {
        "macd_line_26": ratio(line, atr_14, 0.0),
        "macd_signal_26": ratio(signal, atr_14, 0.0),
        "macd_histogram_26": ratio(line - signal, atr_14, 0.0),
    }


def _oscillators(close: Array) -> Columns:
    columns = {f"rsi_{n}": rsi(close, n) for n in RSI_PERIODS}
    k = stochastic(columns["rsi_14"], 14, RSI_RESOLUTION)
    columns["stochrsi_k_14"] = k
    columns["stochrsi_d_14"] = (lagged(k, 2) + lagged(k, 1) + k) / 3.0
    return columns


def _channels(segment: Segment) -> Columns:
    close = segment.close
    mean, deviation = window_moments(close, 20)
    middle, reach = ema(close, 20), 2.0 * atr(segment.high, segment.low, close, 20)
    columns = {
        "bollinger_position_20": position_between(close, mean - 2.0 * deviation, mean + 2.0 * deviation),
        "bollinger_width_20": 4.0 * deviation / mean,
        "keltner_position_20": position_between(close, middle - reach, middle + reach),
    }
    for n in DONCHIAN_PERIODS:
        lowest, highest = window_min(segment.low, n), window_max(segment.high, n)
        columns[f"donchian_position_{n}"] = position_between(close, lowest, highest)
    return columns


def _volatility_and_trend(segment: Segment, atr_14: Array) -> Columns:
    high, low, close = segment.high, segment.low, segment.close
    adx, plus_di, minus_di = directional(high, low, close, 14)
    return {
        "atr_14": atr_14 / close,
        "atr_ratio_50": ratio(atr_14, atr(high, low, close, 50), 1.0),
        "adx_14": adx,
        "plus_di_14": plus_di,
        "minus_di_14": minus_di,
        "cci_20": cci(high, low, close, 20),
        "mfi_14": mfi(high, low, close, segment.volume, 14),
    }


def _volume_and_rest(segment: Segment) -> Columns:
    high, low, close, volume = segment.high, segment.low, segment.close, segment.volume
    mean_volume, _ = window_moments(volume, 20)
    return {
        "obv_z_180": z_score(obv(close, volume), 180),
        "cmf_20": chaikin_money_flow(high, low, close, volume, 20),
        **{f"roc_{n}": close / lagged(close, n) - 1.0 for n in ROC_PERIODS},
        "volume_ratio_20": ratio(volume, mean_volume, 1.0),
        "volume_percentile_180": window_rank(volume, 180),
        "taker_buy_1": _taker_buy(segment),
        "parkinson_20": parkinson(high, low, 20),
        "aroon_25": aroon_oscillator(high, low, 25),
    }


def _taker_buy(segment: Segment) -> Array:
    share = ratio(segment.taker_buy_volume, segment.volume, 0.5)
    return np.where(np.isnan(segment.taker_buy_volume), np.nan, share)


FAMILY = Family(NAME, SPECS, compute)
