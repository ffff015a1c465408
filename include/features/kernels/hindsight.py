"""Smart-money concepts as the smartmoneyconcepts package marks them: in the row where each begins, the future known.

This holds the kernels that the features are made of against an independent implementation, and is what the benchmark
compares. No feature may use it: its output is rewritten when later candles arrive. Names and order of results are the
package's, NaN stands where there is nothing. They are equal for prices that float32 can hold: the package keeps levels
in float32 and compares prices with those.
"""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.blocks import order_blocks
from include.features.kernels.gaps import fair_value_gaps
from include.features.kernels.jit import kernel
from include.features.kernels.liquidity import pools
from include.features.kernels.structure import UP, breaks
from include.features.kernels.swings import HIGH, LOW, Kinds, swing_points

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Bools = NDArray[np.bool_]

# a swing counts from the next candle on, not only once the future has confirmed it
_NEXT = 1
# that many swings in a row make a break of structure
_PATTERN = 4


@kernel
def swing_highs_lows(high: Array, low: Array, length: int) -> tuple[Rows, Kinds]:
    """Return rows and kinds of the alternating swings, of a run of one kind only the most extreme.

    The package also marks the first and the last candle, each against the swing next to it; so does this.
    """
    rows, kinds = swing_points(high, low, length)
    final_rows = np.empty(rows.size + 2, dtype=np.int64)
    final_kinds = np.empty(rows.size + 2, dtype=np.int8)
    if rows.size == 0:
        return rows, kinds
    final_rows[0], final_kinds[0] = 0, -kinds[0]
    size = 1
    for k in range(rows.size):
        if k + 1 < rows.size and kinds[k + 1] == kinds[k]:
            continue
        final_rows[size], final_kinds[size] = rows[k], kinds[k]
        size += 1
    final_rows[size], final_kinds[size] = high.size - 1, -final_kinds[size - 1]
    return final_rows[: size + 1].copy(), final_kinds[: size + 1].copy()


@kernel
def levels(high: Array, low: Array, rows: Rows, kinds: Kinds) -> Array:
    """Return the price of each swing: the high of a high, the low of a low."""
    out = np.empty(rows.size)
    for k in range(rows.size):
        out[k] = high[rows[k]] if kinds[k] == HIGH else low[rows[k]]
    return out


@kernel
def fvg(open_: Array, high: Array, low: Array, close: Array) -> tuple[Array, Array, Array, Array]:
    """Return FVG (1, −1), Top, Bottom and MitigatedIndex (0: never) in the row of the middle candle."""
    rows = close.size
    mark, top = np.full(rows, np.nan), np.full(rows, np.nan)
    bottom, mitigated = np.full(rows, np.nan), np.full(rows, np.nan)
    opened, closed = fair_value_gaps(open_, high, low, close)
    for k in range(opened.size):
        row = opened[k] - 1
        mark[row], top[row], bottom[row] = 1.0, low[row + 1], high[row - 1]
        mitigated[row] = closed[k] % rows
    opened, closed = fair_value_gaps(-open_, -low, -high, -close)
    for k in range(opened.size):
        row = opened[k] - 1
        mark[row], top[row], bottom[row] = -1.0, low[row - 1], high[row + 1]
        mitigated[row] = closed[k] % rows
    return mark, top, bottom, mitigated


@kernel
def bos_choch(high: Array, low: Array, close: Array, rows: Rows, kinds: Kinds) -> tuple[Array, Array, Array, Array]:
    """Return BOS, CHOCH (1, −1), Level and BrokenIndex in the row of the swing whose level is broken.

    Four swings make a pattern whose third stands before the last pullback: each beyond its predecessor of the same kind
    is a BOS, a pullback beyond its own predecessor a CHoCH. It counts once a close is beyond the level, unless a later
    pattern is broken no later. The package leaves the BrokenIndex of patterns that do not count; this does not.
    """
    size = close.size
    bos, choch = np.full(size, np.nan), np.full(size, np.nan)
    level, broken = np.full(size, np.nan), np.full(size, np.nan)
    price = levels(high, low, rows, kinds)
    pending = np.empty(rows.size, dtype=np.int64)
    waiting = 0
    following = _PATTERN - 3
    for i in range(size):
        # swing `following` stands third from last in the pattern that ends two swings later
        while following + 2 < rows.size and rows[following] + 2 == i:
            if _pattern(price, kinds, following) != 0:
                pending[waiting] = following
                waiting += 1
            following += 1
        for k in range(waiting - 1, -1, -1):
            swing = pending[k]
            row = rows[swing]
            if (close[i] - price[swing]) * kinds[swing] <= 0.0:
                continue
            if abs(_pattern(price, kinds, swing)) == 1:
                bos[row] = kinds[swing]
            else:
                choch[row] = kinds[swing]
            level[row], broken[row] = price[swing], i
            for later in range(k + 1, waiting):
                pending[later - k - 1] = pending[later]
            waiting -= k + 1
            break
    return bos, choch, level, broken


@kernel
def _pattern(price: Array, kinds: Kinds, third: int) -> int:
    # 1 a BOS, 2 a CHoCH, 0 neither; seen from the side of the swing that is to be broken
    sign = kinds[third]
    first, second = price[third - 1] * sign, price[third] * sign
    pullback, last = price[third + 1] * sign, price[third + 2] * sign
    if first < pullback < second < last:
        return 1
    if last > second > first > pullback:
        return 2
    return 0


@kernel
def ob(
    high: Array, low: Array, close: Array, volume: Array, rows: Rows, kinds: Kinds
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return OB (1, −1), Top, Bottom, OBVolume, MitigatedIndex (0: never) and Percentage in the row of the block.

    A mitigated block vanishes once a later candle trades through its far side.
    """
    size = close.size
    out = np.full((6, size), np.nan)
    mitigated = np.zeros(size, dtype=np.bool_)
    at, direction, broken = breaks(high, low, close, rows, kinds, _NEXT)
    up = direction == UP
    _mark_blocks(1.0, high, low, volume, at[up], broken[up], mitigated, out)
    _mark_blocks(-1.0, -low, -high, volume, at[~up], broken[~up], mitigated, out)
    return out[0], out[1], out[2], out[3], out[4], out[5]


@kernel
def _mark_blocks(
    side: float, high: Array, low: Array, volume: Array, at: Rows, broken: Rows, mitigated: Bools, out: Array
) -> None:
    candles, opened, closed = order_blocks(low, at, broken)
    last_break = 0
    for k in range(candles.size):
        row = candles[k]
        # a later break that names the same candle renews its volume
        until = opened[k + 1] if k + 1 < candles.size else high.size
        while last_break + 1 < at.size and at[last_break + 1] < until:
            last_break += 1
        i = at[last_break]
        recent, before = volume[i] + volume[i - 1], volume[i - 2] if i >= 2 else 0.0
        out[0, row] = side
        out[1, row], out[2, row] = (high[row], low[row]) if side > 0.0 else (-low[row], -high[row])
        out[3, row] = recent + before
        out[5, row] = min(recent, before) / max(recent, before) * 100.0 if max(recent, before) > 0.0 else 100.0
        end = opened[k] if mitigated[row] else closed[k]
        if not mitigated[row]:
            # the package dates the end of a bullish block one candle early
            out[4, row] = 0.0 if end == high.size else end - (side > 0.0)
            mitigated[row] = end < high.size
        for later in range(end + 1, high.size):
            if high[later] > high[row]:
                out[:, row] = np.nan
                break


@kernel
def liquidity(high: Array, low: Array, rows: Rows, kinds: Kinds, share: float) -> tuple[Array, Array, Array, Array]:
    """Return Liquidity (1, −1), Level, End and Swept (0: never) in the row of a pool's first swing.

    Swings within `share` of the height of the whole series from the first one are of one pool.
    """
    out = np.full((4, high.size), np.nan)
    reach = (high.max() - low.min()) * share
    _mark_pools(1.0, high, rows[kinds == HIGH], reach, out)
    _mark_pools(-1.0, -low, rows[kinds == LOW], reach, out)
    return out[0], out[1], out[2], out[3]


@kernel
def _mark_pools(side: float, high: Array, rows: Rows, reach: float, out: Array) -> None:
    first, last, _, closed, level = pools(high, rows, rows, np.full(rows.size, reach), high.size + 1)
    for k in range(first.size):
        # the newest form of a pool comes last
        row = first[k]
        out[0, row], out[1, row], out[2, row] = side, side * level[k], last[k]
        out[3, row] = closed[k] % high.size
