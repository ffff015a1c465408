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
    """Return the simple returns per candle of `equity` (…, n) as (…, n − 1); equity must stay above 0."""
    return np.asarray(equity[..., 1:] / equity[..., :-1] - 1.0, dtype=np.float64)


def sharpe_ratios(returns: Curve, periods_per_year: float) -> Curve:
    """Return mean / standard deviation (n − 1) × √periods_per_year of each row of `returns` (…, n), (…).

    NaN without variation.
    """
    if returns.shape[-1] < 2:
        return np.full(returns.shape[:-1], math.nan)
    deviation = returns.std(axis=-1, ddof=1)
    risky = np.where(deviation > NO_RISK, deviation, math.nan)
    return np.asarray(returns.mean(axis=-1) / risky * math.sqrt(periods_per_year))


def sharpe_ratio(returns: Curve, periods_per_year: float) -> float | None:
    """Return the Sharpe ratio of `returns` (n,) as `sharpe_ratios` does; None without variation."""
    return defined(sharpe_ratios(returns, periods_per_year))


def max_drawdowns(equity: Curve) -> Curve:
    """Return the deepest fall from a running peak of each row of `equity` (…, n), (…), as a positive fraction."""
    return np.asarray(np.max(1.0 - equity / np.maximum.accumulate(equity, axis=-1), axis=-1))


def max_drawdown(equity: Curve) -> float:
    """Return the deepest fall of `equity` (n,) as `max_drawdowns` does."""
    return float(max_drawdowns(equity))


def defined(value: Curve | float) -> float | None:
    """Return one figure as a plain number, None where it is NaN."""
    return None if np.isnan(value) else float(value)


def win_rate(nets: Sequence[float]) -> float | None:
    """Return the share of trades with a net profit; None without trades."""
    return sum(net > 0.0 for net in nets) / len(nets) if len(nets) else None


def profit_factor(nets: Sequence[float]) -> float | None:
    """Return net profits / net losses of the trades; None without a losing trade (no bound, or no trade)."""
    losses = -math.fsum(net for net in nets if net < 0.0)
    return math.fsum(net for net in nets if net > 0.0) / losses if losses > 0.0 else None
