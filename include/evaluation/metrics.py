"""Performance metrics of a backtest. An undefined metric is None with a reason, never a sentinel.

Limits on them do not belong here (`gates.py`).
"""

import math
from collections.abc import Mapping
from itertools import groupby
from statistics import median

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from include.environments.statistics import max_drawdown, profit_factor, returns_of, sharpe_ratio, win_rate
from include.evaluation.backtest import BacktestResult

Returns = NDArray[np.float64]
_NO_TRADE = "no trade was closed"
_NO_VARIATION = "the portfolio equity never moved"
_RUINED = "the portfolio equity fell to zero or below"
_TOO_SHORT = "the window is too short to annualise its growth"

Found = dict[str, tuple[float | None, str]]


class Metrics(BaseModel):
    """Metrics of a portfolio; None is undefined, and `reasons` says why.

    Drawdown and returns are fractions of the portfolio equity (sum of the sub-accounts, marked to
    market at each close); win rate and profit factor are over all closed trades, net of costs.

    Attributes
    ----------
    sharpe : float or None
        Mean / standard deviation (n − 1) of returns per candle × √periods; no risk-free rate.
    sortino : float or None
        Mean × periods / (root mean square of the negative returns × √periods).
    calmar : float or None
        CAGR / max drawdown.
    cagr : float or None
        (end / start)^(periods / candles) − 1.
    max_drawdown, total_return, win_rate, profit_factor : float or None
        Deepest fall from a peak, positive; end / start − 1; share of winners; profits / losses.
    consecutive_losses : float or None
        Longest losing run in order of exit, of the median symbol among those that traded.
    consecutive_losses_pooled, consecutive_losses_max : float or None
        The same over all trades of the portfolio in one row, and of the worst symbol.
    trades : float
        Closed trades.
    exposure : float or None
        Mean over candles of gross notional / equity.
    turnover : float or None
        Filled notional per year / mean equity.
    cost_share, funding_share : float or None
        Fees plus slippage, and funding paid, over the profits of the trades before costs.
    funding_assumed_share : float or None
        Hours in a position whose funding had to be assumed.
    reasons : dict of str to str
        Name of each undefined metric and why it is undefined.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sharpe: float | None = None
    sortino: float | None = None
    calmar: float | None = None
    cagr: float | None = None
    max_drawdown: float | None = None
    total_return: float | None = None
    win_rate: float | None = None
    profit_factor: float | None = None
    consecutive_losses: float | None = None
    consecutive_losses_pooled: float | None = None
    consecutive_losses_max: float | None = None
    trades: float | None = None
    exposure: float | None = None
    turnover: float | None = None
    cost_share: float | None = None
    funding_share: float | None = None
    funding_assumed_share: float | None = None
    reasons: dict[str, str] = {}

    def values(self) -> dict[str, float | None]:
        """Return every metric by name, without the reasons."""
        return {name: getattr(self, name) for name in metric_names()}


def metric_names() -> tuple[str, ...]:
    """Return the names of all metrics in order."""
    return tuple(name for name in Metrics.model_fields if name != "reasons")


def recorded_metrics(values: Mapping[str, float]) -> Metrics:
    """Return metrics that somebody recorded elsewhere; those not recorded are undefined."""
    reasons = {name: "not recorded" for name in metric_names() if name not in values}
    return Metrics.model_validate({**values, "reasons": reasons})


def metrics_of(result: BacktestResult, periods_per_year: float) -> Metrics:
    """Return the metrics of a backtest.

    Parameters
    ----------
    result : BacktestResult
        What was played.
    periods_per_year : float
        Candles per year: 2,190 for 4h around the clock (`include.core.timeframes.periods_per_year`).

    Returns
    -------
    Metrics
        Undefined ones None, each with its reason.
    """
    found = _of_equity(result, periods_per_year) | _of_trades(result.trades) | _of_costs(result, periods_per_year)
    values = {name: value for name, (value, _) in found.items()}
    reasons = {name: reason for name, (value, reason) in found.items() if value is None}
    return Metrics.model_validate({**values, "reasons": reasons})


def sortino_ratio(returns: Returns, periods_per_year: float) -> float | None:
    """Return the annualised mean over the annualised downside deviation around 0; None without a loss."""
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2))) if len(returns) else 0.0
    return float(returns.mean()) / downside * math.sqrt(periods_per_year) if downside > 0.0 else None


def annual_growth(equity: Returns, periods_per_year: float) -> float | None:
    """Return the compound growth per year of `equity` (n,), n − 1 candles apart; None from ruin or one row."""
    if len(equity) < 2 or equity[-1] <= 0.0:
        return None
    # in logarithms: a good short window may grow beyond what a float can hold
    growth = math.log(equity[-1] / equity[0]) * periods_per_year / (len(equity) - 1)
    return math.expm1(growth) if growth < 700.0 else None


def longest_losing_run(nets: Returns) -> int:
    """Return the length of the longest run of negative values."""
    return max((sum(1 for _ in run) for is_loss, run in groupby(nets < 0.0) if is_loss), default=0)


def _of_equity(result: BacktestResult, periods: float) -> Found:
    equity = result.portfolio_equity
    deepest = max_drawdown(equity)
    found: Found = {"max_drawdown": (deepest, ""), "total_return": (float(equity[-1] / equity[0] - 1.0), "")}
    if equity.min() <= 0.0:
        return found | dict.fromkeys(("sharpe", "sortino", "cagr", "calmar"), (None, _RUINED))
    returns = returns_of(equity)
    growth = annual_growth(equity, periods)
    calmar = growth / deepest if growth is not None and deepest > 0.0 else None
    return found | {
        "sharpe": (sharpe_ratio(returns, periods), _NO_VARIATION),
        "sortino": (sortino_ratio(returns, periods), "no candle lost"),
        "cagr": (growth, _TOO_SHORT),
        "calmar": (calmar, _TOO_SHORT if growth is None else "there was no drawdown"),
    }


def _of_trades(trades: pd.DataFrame) -> Found:
    count: Found = {"trades": (float(len(trades)), "")}
    names = ("win_rate", "profit_factor", "consecutive_losses", "consecutive_losses_pooled", "consecutive_losses_max")
    if trades.empty:
        return count | dict.fromkeys(names, (None, _NO_TRADE))
    nets = trades["net_usd"].to_numpy(np.float64)
    runs = [longest_losing_run(group.to_numpy(np.float64)) for _, group in trades.groupby("symbol")["net_usd"]]
    pooled = trades.sort_values("exit_time", kind="stable")["net_usd"].to_numpy(np.float64)
    return count | {
        "win_rate": (win_rate(nets.tolist()), ""),
        "profit_factor": (profit_factor(nets.tolist()), "no trade lost, so the factor has no bound"),
        "consecutive_losses": (float(median(runs)), ""),
        "consecutive_losses_pooled": (float(longest_losing_run(pooled)), ""),
        "consecutive_losses_max": (float(max(runs)), ""),
    }


def _of_costs(result: BacktestResult, periods: float) -> Found:
    equity = result.portfolio_equity
    gross = np.abs(result.exposure_usd).sum(axis=1)
    mean_equity, candles = float(equity.mean()), len(equity) - 1
    is_defined = candles > 0 and equity.min() > 0.0
    before_costs = result.trades["pnl_usd"] + result.trades["slippage_usd"]
    profits = float(before_costs.clip(lower=0.0).sum())
    costs = result.fees_usd + result.slippage_usd
    no_profit = "no trade made a profit before costs"
    return {
        "exposure": (float(np.mean(gross / equity)) if is_defined else None, _RUINED),
        "turnover": (result.traded_usd / mean_equity * periods / candles if is_defined else None, _RUINED),
        "cost_share": (costs / profits if profits > 0.0 else None, no_profit),
        "funding_share": (result.funding_usd / profits if profits > 0.0 else None, no_profit),
        "funding_assumed_share": (result.funding_assumed_share, "no position was ever held"),
    }
