"""Declarations of the ten sentiment features; `sentiment.py` computes them."""

from functools import partial

from include.features.alignment import MAXIMUM_AGE
from include.features.spec import FeatureSpec, candle_feature, sourced_feature

NAME = "sentiment"
FUNDING_Z_EIGHT_HOURS = 90
FUNDING_SUM_DAYS = 3
OPEN_INTEREST_HOURS = 24
TAKER_HOURS = 24
# 24 hours at 4 hours a candle; on longer candles the first ones stay without a value
TAKER_WARMUP = 5
FEAR_GREED_DAYS = 7
# the index is given as a number of 100
FEAR_GREED_SCALE = 100.0

_feature = partial(sourced_feature, NAME)
_AGE = {source: f"{age.total_seconds() / 3600:g} h" for source, age in MAXIMUM_AGE.items()}
_SETTLED = "settlement, rounded to the minute"
_RATE_AGE = f"{_SETTLED}; at most {_AGE['funding_rates']} old"
_WHOLE = f"{_RATE_AGE}, and no longer hole in the window"
_OPEN_INTEREST = f"its timestamp; at most {_AGE['open_interest']} old"
_FEAR_GREED = f"next 00:00 UTC; at most {_AGE['fear_greed']} old"
_FUNDING = "funding_rates.funding_time funding_rates.funding_rate"
_INTEREST = "open_interest.open_interest"


def _funding() -> list[FeatureSpec]:
    return [
        _feature("funding_rate_1", _FUNDING, "rate of the last settlement; positive: longs pay", known_at=_RATE_AGE),
        _feature(
            f"funding_z_{FUNDING_Z_EIGHT_HOURS}",
            _FUNDING,
            "(newest − mean) / population deviation of the rates settled in 8 h, at the last settlement and every 8 h "
            f"before it, {FUNDING_Z_EIGHT_HOURS} in all (30 d): over time, whatever the interval; 0 when all are equal",
            known_at=_WHOLE,
        ),
        _feature(
            f"funding_sum_days_{FUNDING_SUM_DAYS}",
            _FUNDING,
            f"Σ rates settled in the {FUNDING_SUM_DAYS} d that end with the last settlement, whatever the interval",
            known_at=_WHOLE,
        ),
    ]


def _positions() -> list[FeatureSpec]:
    return [
        _feature(
            "premium_1",
            "premium_index.premium_index",
            "premium of the perpetual over the index",
            known_at=f"its timestamp; at most {_AGE['premium_index']} old",
        ),
        _feature(
            "open_interest_change_1",
            _INTEREST,
            "log(open interest / open interest known one candle ago)",
            known_at=_OPEN_INTEREST,
        ),
        _feature(
            f"open_interest_change_hours_{OPEN_INTEREST_HOURS}",
            _INTEREST,
            f"log(open interest / open interest known {OPEN_INTEREST_HOURS} h ago)",
            known_at=_OPEN_INTEREST,
        ),
        _feature(
            "long_short_1",
            "long_short_ratio.long_short_ratio",
            "log(accounts long / accounts short)",
            known_at=f"its timestamp; at most {_AGE['long_short_ratio']} old",
        ),
        candle_feature(
            NAME,
            f"taker_imbalance_hours_{TAKER_HOURS}",
            "volume taker_buy_volume",
            TAKER_WARMUP,
            f"(2·Σ taker buy volume − Σ volume) / Σ volume over the candles of {TAKER_HOURS} h (one candle where it is "
            "longer); 0 without volume; no value where the source has no taker volume",
            range=(-1.0, 1.0),
        ),
    ]


def _mood() -> list[FeatureSpec]:
    index = "Crypto Fear & Greed Index, alternative.me"
    return [
        _feature(
            "fear_greed_1",
            "fear_greed.value",
            "index / 100: 0 extreme fear, 1 extreme greed",
            known_at=_FEAR_GREED,
            range=(0.0, 1.0),
            source=index,
        ),
        _feature(
            f"fear_greed_change_days_{FEAR_GREED_DAYS}",
            "fear_greed.value",
            f"index / 100 minus the one known {FEAR_GREED_DAYS} d ago",
            known_at=_FEAR_GREED,
            range=(-1.0, 1.0),
            source=index,
        ),
    ]


SPECS = (*_funding(), *_positions(), *_mood())
