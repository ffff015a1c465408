"""Performance figures of an equity curve and its trades; an undefined figure is None, never a sentinel.

Environments summarise their episodes with these, evaluation builds its metrics on them.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
# a standard deviation of returns below this is rounding, not risk
NO_RISK = 1e-14


def returns_of(equity: Curve) -> Curve:
    """Return the simple returns per candle of `equity` (n,) as (n − 1,); equity must stay above 0."""
    return np.asarray(equity[1:] / equity[:-1] - 1.0, dtype=np.float64)


def sharpe_ratio(returns: Curve, periods_per_year: float) -> float | None:
    """Return mean / standard deviation (n − 1) of `returns` × √periods_per_year; None without variation."""
    if len(returns) < 2:
        return None
    deviation = float(returns.std(ddof=1))
    return float(returns.mean()) / deviation * math.sqrt(periods_per_year) if deviation > NO_RISK else None


def max_drawdown(equity: Curve) -> float:
    """Return the deepest fall from a running peak as a positive fraction."""
    return float(np.max(1.0 - equity / np.maximum.accumulate(equity)))


def win_rate(nets: Sequence[float]) -> float | None:
    """Return the share of trades with a net profit; None without trades."""
    return sum(net > 0.0 for net in nets) / len(nets) if len(nets) else None


def profit_factor(nets: Sequence[float]) -> float | None:
    """Return net profits / net losses of the trades; None without a losing trade (no bound, or no trade)."""
    losses = -math.fsum(net for net in nets if net < 0.0)
    return math.fsum(net for net in nets if net > 0.0) / losses if losses > 0.0 else None
