"""The sixteen smart-money features: market structure, order blocks, fair value gaps, liquidity.

Every event counts from the candle at whose close it is known. The bearish half is the bullish one on mirrored prices.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.features.families.smart_money_specs import (
    CAP,
    GAP_MEMORY,
    NAME,
    POOL_TOLERANCE,
    RECENCY,
    SPECS,
    SWING,
    ZONE_MEMORY,
)
from include.features.inputs import FeatureInputs, Segment
from include.features.kernels.blocks import order_blocks
from include.features.kernels.gaps import fair_value_gaps
from include.features.kernels.liquidity import pools
from include.features.kernels.structure import DOWN, UP, breaks, structure
from include.features.kernels.swings import HIGH, LOW, range_position, swing_points
from include.features.kernels.volatility import atr
from include.features.kernels.zones import nearest_distance, open_count
from include.features.spec import Columns, Family

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Side:
    # the market as one side sees it: swing highs lie above its price, what it leaves behind lies below
    open: Array
    high: Array
    low: Array
    close: Array
    swings: Rows
    breaks: Rows
    broken: Rows


def compute(segment: Segment, _: FeatureInputs) -> Columns:
    """Return the smart-money features of one contiguous run of candles, float64 (rows,) each."""
    high, low, close = segment.high, segment.low, segment.close
    swings, kinds = swing_points(high, low, SWING)
    at, direction, broken = breaks(high, low, close, swings, kinds, SWING)
    up, down = direction == UP, direction == DOWN
    bull = _Side(segment.open, high, low, close, swings[kinds == HIGH], at[up], broken[up])
    bear = _Side(-segment.open, -low, -high, -close, swings[kinds == LOW], at[down], broken[down])
    unit = atr(high, low, close, 14)
    columns = np.empty((len(SPECS), close.size))
    structure(at, direction, RECENCY, columns[:5])
    for place, side in enumerate((bull, bear)):
        _zones(side, unit, columns[5 + place : 13 : 2])
    _pools(bull, bear.close, unit, columns[13])
    _pools(bear, bull.close, unit, columns[14])
    range_position(high, low, close, swings, kinds, SWING, columns[15])
    for spec, column in zip(SPECS, columns, strict=True):
        column[: spec.warmup] = np.nan
    return dict(zip((spec.name for spec in SPECS), columns, strict=True))


def _zones(side: _Side, unit: Array, out: Array) -> None:
    block_distance, blocks, gap_distance, gaps = out
    candles, opened, closed = order_blocks(side.low, side.breaks, side.broken)
    nearest_distance(opened, closed, side.high[candles], side.close, unit, ZONE_MEMORY, CAP, block_distance)
    open_count(opened, closed, ZONE_MEMORY, blocks)
    opened, closed = fair_value_gaps(side.open, side.high, side.low, side.close)
    nearest_distance(opened, closed, side.low[opened], side.close, unit, GAP_MEMORY, CAP, gap_distance)
    open_count(opened, closed, GAP_MEMORY, gaps)


def _pools(side: _Side, mirrored_close: Array, unit: Array, out: Array) -> None:
    known = side.swings + SWING
    _, _, opened, closed, level = pools(side.high, side.swings, known, POOL_TOLERANCE * unit[known], ZONE_MEMORY)
    # what lies above one side's price lies below the other's
    nearest_distance(opened, closed, -level, mirrored_close, unit, ZONE_MEMORY, CAP, out)


FAMILY = Family(NAME, SPECS, compute)
