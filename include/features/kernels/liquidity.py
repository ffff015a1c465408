"""Liquidity pools: swing highs at about one level, above which stops rest until a candle reaches beyond them."""

import numpy as np
from numpy.typing import NDArray

from include.features.kernels.jit import kernel

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@kernel
def pools(
    high: Array, swings: Rows, known: Rows, tolerance: Array, memory: int
) -> tuple[Rows, Rows, Rows, Rows, Array]:
    """Return pools of swing highs; each further swing ends the pool as it was and opens it with a new level.

    The first swing of a pool sets its level ± tolerance; a later one inside joins it, the oldest pool first, as long as
    no high has reached the upper limit. Two swings make a pool. Mirrored prices give pools below swing lows.

    Parameters
    ----------
    high : float64 (rows,)
        Highs.
    swings, known : int64 (swings,)
        Rows of the swing highs, and the rows in which they are known, both ascending.
    tolerance : float64 (swings,)
        How far a level may lie from the first one, were the swing the first.
    memory : int
        Rows after its newest swing in which a level is remembered.

    Returns
    -------
    first, last : int64 (pools,)
        Rows of the first and the newest swing.
    opened, closed : int64 (pools,)
        First row with this pool, and the first that sweeps it or adds a swing; the number of rows when none does.
    level : float64 (pools,)
        Mean of its swings.
    """
    n = swings.size
    first, last = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    opened, closed = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    level = np.empty(n)
    size = 0
    # swings at one level are a group, named by its first; those that nothing has swept, oldest first
    live = np.empty(n, dtype=np.int64)
    members, newest, pool = np.zeros(n, dtype=np.int64), np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    total = np.zeros(n)
    alive = 0
    nearest = np.inf
    following = 0
    for i in range(high.size):
        if high[i] >= nearest:
            kept = 0
            nearest = np.inf
            for k in range(alive):
                group = live[k]
                limit = high[swings[group]] + tolerance[group]
                if high[i] < limit:
                    live[kept] = group
                    kept += 1
                    nearest = min(nearest, limit)
                elif members[group] > 1:
                    closed[pool[group]] = i
            alive = kept
        while following < n and known[following] == i:
            price = high[swings[following]]
            joined = -1
            kept = 0
            for k in range(alive):
                group = live[k]
                if i - known[newest[group]] >= memory:
                    continue
                live[kept] = group
                kept += 1
                base, reach = high[swings[group]], tolerance[group]
                if joined < 0 and base - reach <= price <= base + reach:
                    joined = group
            alive = kept
            if joined < 0:
                joined = following
                live[alive] = joined
                alive += 1
                nearest = min(nearest, price + tolerance[joined])
            elif members[joined] > 1:
                closed[pool[joined]] = i
            members[joined] += 1
            newest[joined] = following
            total[joined] += price
            if members[joined] > 1:
                pool[joined] = size
                first[size], last[size] = swings[joined], swings[following]
                opened[size], closed[size] = i, high.size
                level[size] = total[joined] / members[joined]
                size += 1
            following += 1
    return first[:size].copy(), last[:size].copy(), opened[:size].copy(), closed[:size].copy(), level[:size].copy()
