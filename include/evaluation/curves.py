"""Figures of many equity curves at once, beside those of `include/environments/statistics.py`; undefined is NaN."""

import math

import numpy as np
from numpy.typing import NDArray

from include.environments.statistics import max_drawdowns

Curves = NDArray[np.float64]
# e to this power is the greatest growth that is told apart from having no bound
_LOG_LIMIT = 700.0


def sortino_ratios(returns: Curves, periods_per_year: float) -> Curves:
    """Return the annualised mean over the annualised downside deviation around 0 of each row of `returns` (…, n), (…).

    The downside deviation is the root of the mean over all n of the squared negative returns (Sortino and van der Meer,
    "Downside risk", 1991). NaN without a loss.
    """
    if returns.shape[-1] == 0:
        return np.full(returns.shape[:-1], math.nan)
    downside = np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2, axis=-1))
    risky = np.where(downside > 0.0, downside, math.nan)
    return np.asarray(returns.mean(axis=-1) / risky * math.sqrt(periods_per_year))


def annual_growths(equity: Curves, periods_per_year: float) -> Curves:
    """Return the compound growth per year of each row of `equity` (…, n), n − 1 candles apart, (…).

    NaN from ruin, from one candle, and where a good short window would grow beyond what a number holds.
    """
    start, end = equity[..., 0], equity[..., -1]
    if equity.shape[-1] < 2:
        return np.full(start.shape, math.nan)
    gain = np.where((start > 0.0) & (end > 0.0), end / start, math.nan)
    growth = np.log(gain) * periods_per_year / (equity.shape[-1] - 1)
    return np.asarray(np.expm1(np.where(growth < _LOG_LIMIT, growth, math.nan)))


def calmar_ratios(equity: Curves, periods_per_year: float) -> Curves:
    """Return compound growth per year / deepest drawdown of each row of `equity` (…, n), (…); NaN without."""
    deepest = max_drawdowns(equity)
    return annual_growths(equity, periods_per_year) / np.where(deepest > 0.0, deepest, math.nan)
