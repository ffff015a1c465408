"""The twenty macro features: dollar, rates, fear in equities, and the market that every symbol moves with.

Days of FRED series are business days: weekends and holidays have no observation, and count none.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from include.core.timeframes import DAY_MS
from include.features.alignment import MAXIMUM_AGE, Trailing, at, trailing
from include.features.families.macro_specs import (
    BTC,
    BTCDOM,
    ETH,
    GOLD,
    LEVEL_DAYS,
    NAME,
    PAIR_CANDLES,
    PERCENT,
    POLICY_MONTHS,
    RELEASES,
    SPECS,
)
from include.features.inputs import FeatureInputs, Segment
from include.features.kernels.averages import lagged, log_ratio, ratio
from include.features.kernels.pairs import correlation_and_beta
from include.features.spec import Columns, Family
from include.features.timelines import NOTHING

Array = NDArray[np.float64]
Times = NDArray[np.int64]


def compute(segment: Segment, inputs: FeatureInputs) -> Columns:
    """Return the macro features of one contiguous run of candles, float64 (rows,) each."""
    closes = segment.open_time + segment.step_ms
    references = _references(inputs, closes, segment.step_ms)
    groups = (_fred(inputs, closes), references, _pair(segment, references["btc_return_1"]))
    return {f"f_{NAME}_{key}": column for group in groups for key, column in group.items()}


def _fred(inputs: FeatureInputs, closes: Times) -> Columns:
    columns: Columns = {}
    for key, (series, count, form) in _FRED.items():
        line = inputs.macro_lines.get(series, NOTHING)
        window = trailing(line, count, int(closes.min(initial=np.iinfo(np.int64).max)))
        columns[key] = window.at(form(window), closes, MAXIMUM_AGE[RELEASES[series].source])
    columns["curve_days_1"] -= columns.pop("two_year")
    return columns


def _logs(window: Trailing) -> Array:
    return log_ratio(window.newest, window.earliest)


def _points(window: Trailing) -> Array:
    return (window.newest - window.earliest) / PERCENT


def _level(window: Trailing) -> Array:
    return window.newest / PERCENT


def _score(window: Trailing) -> Array:
    return ratio(window.newest - window.mean, window.deviation, 0.0)


# observations that a change over so many days spans
_DAY, _WEEK = 2, 6
_FRED: dict[str, tuple[str, int, Callable[[Trailing], Array]]] = {
    "dollar_change_days_1": ("DTWEXBGS", _DAY, _logs),
    "dollar_change_days_5": ("DTWEXBGS", _WEEK, _logs),
    "dollar_z_days_20": ("DTWEXBGS", 20, _score),
    f"yield_10y_z_days_{LEVEL_DAYS}": ("DGS10", LEVEL_DAYS, _score),
    "yield_10y_change_days_5": ("DGS10", _WEEK, _points),
    "yield_2y_change_days_5": ("DGS2", _WEEK, _points),
    "curve_days_1": ("DGS10", 1, _level),
    "two_year": ("DGS2", 1, _level),
    "real_yield_10y_change_days_5": ("DFII10", _WEEK, _points),
    f"vix_z_days_{LEVEL_DAYS}": ("VIXCLS", LEVEL_DAYS, _score),
    "vix_change_days_5": ("VIXCLS", _WEEK, _logs),
    f"fed_funds_z_months_{POLICY_MONTHS}": ("FEDFUNDS", POLICY_MONTHS, _score),
}


def _references(inputs: FeatureInputs, closes: Times, step_ms: int) -> Columns:
    def price(symbol: str, before_ms: int) -> Array:
        return at(inputs.reference_lines.get(symbol, NOTHING), closes - before_ms, "reference")

    btc, btcdom, gold = (price(symbol, 0) for symbol in (BTC, BTCDOM, GOLD))
    btc_week = price(BTC, 7 * DAY_MS)
    return {
        "btcdom_return_days_1": log_ratio(btcdom, price(BTCDOM, DAY_MS)),
        "btcdom_return_days_7": log_ratio(btcdom, price(BTCDOM, 7 * DAY_MS)),
        "btc_return_1": log_ratio(btc, price(BTC, step_ms)),
        "btc_return_days_1": log_ratio(btc, price(BTC, DAY_MS)),
        "btc_return_days_7": log_ratio(btc, btc_week),
        "eth_btc_return_days_7": log_ratio(price(ETH, 0) / btc, price(ETH, 7 * DAY_MS) / btc_week),
        "gold_return_days_1": log_ratio(gold, price(GOLD, DAY_MS)),
    }


def _pair(segment: Segment, market: Array) -> Columns:
    own = log_ratio(segment.close, lagged(segment.close, 1))
    together, slope = correlation_and_beta(own, market, PAIR_CANDLES)
    return {f"btc_correlation_{PAIR_CANDLES}": together, f"btc_beta_{PAIR_CANDLES}": slope}


FAMILY = Family(NAME, SPECS, compute)
