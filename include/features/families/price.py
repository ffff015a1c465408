"""The eight price features: the candle itself, as bounded or stationary numbers."""

from functools import partial
from math import inf

import numpy as np

from include.core.timeframes import DAY_MS
from include.features.inputs import FeatureInputs, Segment
from include.features.kernels.averages import lagged, log_ratio, position_between
from include.features.kernels.volume import vwap, z_score
from include.features.spec import Columns, Family, candle_feature

NAME = "price"
_feature = partial(candle_feature, NAME)

SPECS = (
    _feature("day_phase_1", "open_time", 0, "share of the UTC day gone at the candle's open", range=(0.0, 1.0)),
    _feature("open_1", "open", 1, "log(open / previous open)"),
    _feature("high_1", "high close", 0, "log(high / close)", range=(0.0, inf)),
    _feature("low_1", "low close", 0, "log(low / close)", range=(-inf, 0.0)),
    _feature(
        "close_position_1", "high low close", 0, "(close − low) / (high − low); 0.5 when high = low", range=(0.0, 1.0)
    ),
    _feature(
        "volume_z_180", "volume", 179, "(volume − mean) / population deviation over 180 candles; 0 when all equal"
    ),
    _feature(
        "vwap_distance_42",
        "high low close volume",
        41,
        "log(close / VWAP), VWAP = Σ typical·volume / Σ volume over 42 candles, typical = (high + low + close) / 3; "
        "the plain mean of typical when nothing traded",
    ),
    _feature("return_1", "close", 1, "log(close / previous close)"),
)


def compute(segment: Segment, _: FeatureInputs) -> Columns:
    """Return the price features of one contiguous run of candles, float64 (rows,) each."""
    high, low, close = segment.high, segment.low, segment.close
    return {
        "f_price_day_phase_1": (segment.open_time % DAY_MS) / np.float64(DAY_MS),
        "f_price_open_1": log_ratio(segment.open, lagged(segment.open, 1)),
        "f_price_high_1": log_ratio(high, close),
        "f_price_low_1": log_ratio(low, close),
        "f_price_close_position_1": position_between(close, low, high),
        "f_price_volume_z_180": z_score(segment.volume, 180),
        "f_price_vwap_distance_42": log_ratio(close, vwap(high, low, close, segment.volume, 42)),
        "f_price_return_1": log_ratio(close, lagged(close, 1)),
    }


FAMILY = Family(NAME, SPECS, compute)
