"""The metrics of many portfolios at once, one array per metric; undefined is NaN.

One portfolio, with the reason of what is undefined, is in `metrics.py`: the same numbers, by this code.
"""

import math

import numpy as np
from numpy.typing import NDArray

from include.environments.statistics import max_drawdowns, returns_of, sharpe_ratios
from include.evaluation.curves import annual_growths, calmar_ratios, sortino_ratios
from include.evaluation.kernels.replaying import losing_runs
from include.evaluation.replays import Replays

Doubles = NDArray[np.float64]


def metric_arrays(replays: Replays, periods_per_year: float) -> dict[str, Doubles]:
    """Return every metric of B portfolios, by name float64 (B,).

    Parameters
    ----------
    replays : Replays
        What was played.
    periods_per_year : float
        Candles per year: 2,190 for 4h around the clock (`include.core.timeframes.periods_per_year`).

    Returns
    -------
    dict of str to float64 (B,)
        As `include.evaluation.metrics.Metrics` defines them, in its order.
    """
    figures = equity_arrays(replays.equity, periods_per_year) | _of_trades(replays)
    return figures | _of_costs(replays, periods_per_year)


def equity_arrays(equity: Doubles, periods_per_year: float) -> dict[str, Doubles]:
    """Return the metrics that equity alone decides, of the curves `equity` (B, T), by name float64 (B,).

    A curve that falls to zero or below has a drawdown and a return, but no ratio.
    """
    standing = np.where(equity.min(axis=1, keepdims=True) > 0.0, equity, math.nan)
    returns = returns_of(standing)
    return {
        "sharpe": sharpe_ratios(returns, periods_per_year),
        "sortino": sortino_ratios(returns, periods_per_year),
        "calmar": calmar_ratios(standing, periods_per_year),
        "cagr": annual_growths(standing, periods_per_year),
        "max_drawdown": max_drawdowns(equity),
        "total_return": equity[:, -1] / equity[:, 0] - 1.0,
    }


def _of_trades(replays: Replays) -> dict[str, Doubles]:
    count = np.diff(replays.first_trades).astype(np.float64)
    wins, profits, losses = (_sums(replays, part) for part in _parts(replays.nets))
    pooled, runs = np.empty(len(replays)), np.empty((len(replays), replays.symbol_count), np.int64)
    for number in range(len(replays)):
        own = replays.trades_of(number)
        pooled[number] = losing_runs(replays.nets[own], replays.traders[own], replays.exit_times[own], runs[number])
    has_traded = count > 0
    return {
        "win_rate": wins / np.where(has_traded, count, math.nan),
        "profit_factor": profits / np.where(losses > 0.0, losses, math.nan),
        "consecutive_losses": _medians(runs),
        "consecutive_losses_pooled": np.where(has_traded, pooled, math.nan),
        "consecutive_losses_max": np.where(has_traded, runs.max(axis=1), math.nan),
        "trades": count,
    }


def _parts(nets: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    return (nets > 0.0).astype(np.float64), np.maximum(nets, 0.0), np.maximum(-nets, 0.0)


def _sums(replays: Replays, values: Doubles) -> Doubles:
    return np.array([values[replays.trades_of(number)].sum() for number in range(len(replays))])


def _medians(runs: NDArray[np.int64]) -> Doubles:
    # symbols that did not trade are −1: sorted, they stand before the others
    ordered = np.sort(runs, axis=1)
    traded = (runs >= 0).sum(axis=1)
    first = runs.shape[1] - traded
    low, high = first + (traded - 1) // 2, first + traded // 2
    rows = np.arange(len(runs))
    last = runs.shape[1] - 1
    middle = 0.5 * (ordered[rows, np.minimum(low, last)] + ordered[rows, np.minimum(high, last)])
    return np.where(traded > 0, middle, math.nan)


def _of_costs(replays: Replays, periods: float) -> dict[str, Doubles]:
    candles = replays.equity.shape[1] - 1
    is_defined = (replays.equity.min(axis=1, keepdims=True) > 0.0) & (candles > 0)
    equity = np.where(is_defined, replays.equity, math.nan)
    profits = np.where(replays.profits_usd > 0.0, replays.profits_usd, math.nan)
    return {
        "exposure": np.mean(replays.gross_usd / equity, axis=1),
        "turnover": replays.traded_usd / equity.mean(axis=1) * periods / max(1, candles),
        "cost_share": (replays.fees_usd + replays.slippage_usd) / profits,
        "funding_share": replays.funding_usd / profits,
        "funding_assumed_share": replays.funding_assumed_share,
    }
