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
    with np.errstate(divide="ignore", invalid="ignore"):
        return _of_equity(replays, periods_per_year) | _of_trades(replays) | _of_costs(replays, periods_per_year)


def _of_equity(replays: Replays, periods: float) -> dict[str, Doubles]:
    # a ruined portfolio has a drawdown, but no ratio
    whole = replays.equity
    equity = np.where(whole.min(axis=1, keepdims=True) > 0.0, whole, math.nan)
    returns = returns_of(equity)
    return {
        "sharpe": sharpe_ratios(returns, periods),
        "sortino": sortino_ratios(returns, periods),
        "calmar": calmar_ratios(equity, periods),
        "cagr": annual_growths(equity, periods),
        "max_drawdown": max_drawdowns(whole),
        "total_return": whole[:, -1] / whole[:, 0] - 1.0,
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
        "win_rate": wins / count,
        "profit_factor": np.where(losses > 0.0, profits / losses, math.nan),
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
    equity, candles = replays.equity, replays.equity.shape[1] - 1
    is_defined = (equity.min(axis=1) > 0.0) & (candles > 0)
    profits = np.where(replays.profits_usd > 0.0, replays.profits_usd, math.nan)
    turnover = replays.traded_usd / equity.mean(axis=1) * periods / candles if candles else equity[:, 0]
    return {
        "exposure": np.where(is_defined, np.mean(replays.gross_usd / equity, axis=1), math.nan),
        "turnover": np.where(is_defined, turnover, math.nan),
        "cost_share": (replays.fees_usd + replays.slippage_usd) / profits,
        "funding_share": replays.funding_usd / profits,
        "funding_assumed_share": replays.funding_assumed_share,
    }
