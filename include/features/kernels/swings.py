"""Swing points, and the dealing range between the newest known two.

A swing high of length L is the highest of the L candles up to and including it and of the L candles after it, so it is
known L candles late. Highs and lows alternate: of several swings of one kind in a row the most extreme one stands, the
first of equals. Both rules are those of the smartmoneyconcepts package; only the delay is ours.
"""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Kinds = NDArray[np.int8]

HIGH = 1
LOW = -1


@kernel
def _is_peak(x: Array, row: int, length: int, sign: float) -> bool:
    # from the row outwards: a higher neighbour is usually next to it
    for k in range(1, length + 1):
        if sign * (x[row + k] - x[row]) > 0.0 or (k < length and sign * (x[row - k] - x[row]) > 0.0):
            return False
    return True


@kernel
def swing_points(high: Array, low: Array, length: int) -> tuple[Rows, Kinds]:
    """Return rows and kinds (1 high, −1 low) of the swings in the order in which they become known.

    Each is known `length` rows after its own. One that follows one of its own kind is left out unless it is more
    extreme; then it takes that one's place from the candle on at which it is known. The first 2 · `length` − 1 rows
    have none. A candle that is both a high and a low counts as a high.
    """
    rows = np.empty(high.size, dtype=np.int64)
    kinds = np.empty(high.size, dtype=np.int8)
    size = 0
    for row in range(2 * length - 1, high.size - length):
        if _is_peak(high, row, length, 1.0):
            if size and kinds[size - 1] == HIGH and high[row] <= high[rows[size - 1]]:
                continue
            rows[size], kinds[size] = row, HIGH
            size += 1
        elif _is_peak(low, row, length, -1.0):
            if size and kinds[size - 1] == LOW and low[row] >= low[rows[size - 1]]:
                continue
            rows[size], kinds[size] = row, LOW
            size += 1
    return rows[:size].copy(), kinds[:size].copy()


@kernel
def range_position(high: Array, low: Array, close: Array, swings: Rows, kinds: Kinds, delay: int, out: Array) -> None:
    """Write to `out` where the close lies in the dealing range: 0 the bottom (discount), 1 the top (premium).

    It is 0.5 when the range has no height. The range reaches from the newest known swing low to the newest known swing
    high, each moved on by any later candle beyond it; before the first swing it reaches over every candle so far.
    """
    top = -np.inf
    bottom = np.inf
    following = 0
    for i in range(close.size):
        while following < swings.size and swings[following] + delay == i:
            row = swings[following]
            if kinds[following] == HIGH:
                top = high[row : i + 1].max()
            else:
                bottom = low[row : i + 1].min()
            following += 1
        top = max(top, high[i])
        bottom = min(bottom, low[i])
        out[i] = (close[i] - bottom) / (top - bottom) if top > bottom else 0.5
