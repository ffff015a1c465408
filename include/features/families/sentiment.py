"""The ten sentiment features: what positions cost, how they lean, how people feel."""

import numpy as np
from numpy.typing import NDArray

from include.core.timeframes import DAY_MS, HOUR_MS
from include.features.alignment import MAXIMUM_AGE, as_of, at
from include.features.families.sentiment_specs import (
    FEAR_GREED_DAYS,
    FEAR_GREED_SCALE,
    FUNDING_SUM_DAYS,
    FUNDING_Z_EIGHT_HOURS,
    NAME,
    OPEN_INTEREST_HOURS,
    SPECS,
    TAKER_HOURS,
    TAKER_WARMUP,
)
from include.features.inputs import FeatureInputs, Segment
from include.features.kernels.averages import log_ratio, ratio
from include.features.kernels.settled import settled_score, settled_sum
from include.features.kernels.windows import window_sum
from include.features.settlements import LONGEST_INTERVAL_MS
from include.features.spec import Columns, Family
from include.features.timelines import Timeline

Array = NDArray[np.float64]
Times = NDArray[np.int64]


def compute(segment: Segment, inputs: FeatureInputs) -> Columns:
    """Return the sentiment features of one contiguous run of candles, float64 (rows,) each."""
    closes = segment.open_time + segment.step_ms
    groups = (
        _funding(inputs.funding_line, closes),
        _positions(inputs, closes, segment.step_ms),
        {f"taker_imbalance_hours_{TAKER_HOURS}": _taker_imbalance(segment)},
        _mood(inputs.fear_greed_line, closes),
    )
    return {f"f_{NAME}_{key}": column for group in groups for key, column in group.items()}


def _funding(line: Timeline, closes: Times) -> Columns:
    # only settlements that can still stand for the present at the first close
    oldest = closes.min(initial=np.iinfo(np.int64).max) - LONGEST_INTERVAL_MS
    first = int(np.searchsorted(line.known_at, oldest))
    settled, days = line.known_at[first:], FUNDING_SUM_DAYS * DAY_MS
    # windows of the longest interval: each holds one settlement of a slow symbol, eight of a fast one
    scores = settled_score(line.known_at, line.value, first, FUNDING_Z_EIGHT_HOURS, LONGEST_INTERVAL_MS)
    columns = {
        "funding_rate_1": line.value[first:],
        f"funding_z_{FUNDING_Z_EIGHT_HOURS}": scores,
        f"funding_sum_days_{FUNDING_SUM_DAYS}": settled_sum(
            line.known_at, line.value, settled, days, LONGEST_INTERVAL_MS
        ),
    }
    age, events = MAXIMUM_AGE["funding_rates"], line.event[first:]
    return {key: as_of(settled, values, closes, age, events) for key, values in columns.items()}


def _positions(inputs: FeatureInputs, closes: Times, step_ms: int) -> Columns:
    interest = inputs.open_interest_line
    now = at(interest, closes, "open_interest")
    longs_per_short = at(inputs.long_short_line, closes, "long_short_ratio")
    return {
        "premium_1": at(inputs.premium_line, closes, "premium_index"),
        "open_interest_change_1": log_ratio(now, at(interest, closes - step_ms, "open_interest")),
        f"open_interest_change_hours_{OPEN_INTEREST_HOURS}": log_ratio(
            now, at(interest, closes - OPEN_INTEREST_HOURS * HOUR_MS, "open_interest")
        ),
        "long_short_1": log_ratio(longs_per_short, np.ones(len(closes))),
    }


def _taker_imbalance(segment: Segment) -> Array:
    candles = max(TAKER_HOURS * HOUR_MS // segment.step_ms, 1)
    bought, traded = window_sum(segment.taker_buy_volume, candles), window_sum(segment.volume, candles)
    imbalance: Array = np.where(np.isnan(bought), np.nan, ratio(2.0 * bought - traded, traded, 0.0))
    imbalance[:TAKER_WARMUP] = np.nan
    return imbalance


def _mood(line: Timeline, closes: Times) -> Columns:
    level = at(line, closes, "fear_greed") / FEAR_GREED_SCALE
    before = at(line, closes - FEAR_GREED_DAYS * DAY_MS, "fear_greed") / FEAR_GREED_SCALE
    return {"fear_greed_1": level, f"fear_greed_change_days_{FEAR_GREED_DAYS}": level - before}


FAMILY = Family(NAME, SPECS, compute)
