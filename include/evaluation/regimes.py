"""How a result is spread over kinds of market: trend, range, high volatility; known at the time, without hindsight."""

import math
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from include.core.timeframes import timeframe_ms
from include.environments.statistics import max_drawdown, sharpe_ratio
from include.features.dataset import Dataset

# a week of 4h candles to tell a trend, four months of them to tell what volatility is usual
EFFICIENCY_CANDLES = 42
USUAL_CANDLES = 720
LEAD_CANDLES = EFFICIENCY_CANDLES + USUAL_CANDLES
# half of the way is direct: Kaufman, "Trading systems and methods", efficiency ratio
TREND_EFFICIENCY = 0.3
HIGH_VOLATILITY = 1.5
FEWEST_CANDLES = 30

Kind = Literal["trend", "range", "high_volatility", "unknown"]
KINDS: tuple[Kind, ...] = ("trend", "range", "high_volatility", "unknown")


class RegimeResult(BaseModel):
    """The candidate in one kind of market.

    Parameters
    ----------
    kind : {"trend", "range", "high_volatility", "unknown"}
        Which; `unknown` before there is enough history.
    candles : int
        Candles of this kind in the window.
    total_return : float
        Compound return over them.
    sharpe, max_drawdown : float or None
        Over them, put one after the other; None with fewer than 30.
    market_return : float
        Compound return of the equal-weighted universe over the same candles.
    reason : str
        Why a figure is None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Kind
    candles: int
    total_return: float
    sharpe: float | None
    max_drawdown: float | None
    market_return: float
    reason: str = ""


def market_returns(dataset: Dataset) -> "pd.Series[float]":
    """Return the mean simple return of all symbols at each open time (UTC epoch ms) of the dataset; gaps left out."""
    step = timeframe_ms(dataset.info.timeframe)
    found = []
    for series in dataset.series.values():
        follows = np.diff(series.open_time) == step
        found.append(pd.Series((series.close[1:] / series.close[:-1] - 1.0)[follows], series.open_time[1:][follows]))
    return pd.concat(found).groupby(level=0).mean()


def kinds_of(returns: "pd.Series[float]") -> "pd.Series[str]":
    """Return the kind of market that each candle was in as it began, told from the candles before it alone.

    `high_volatility`: the standard deviation of the last 42 returns exceeds 1.5 times its median over the last 720;
    else `trend`: the move over the last 42 candles is at least 0.3 of the way they went (Kaufman's efficiency ratio);
    else `range`. `unknown` without that history.
    """
    logs = returns.map(math.log1p)
    volatility = logs.rolling(EFFICIENCY_CANDLES).std()
    usual = volatility.rolling(USUAL_CANDLES, min_periods=EFFICIENCY_CANDLES).median()
    efficiency = logs.rolling(EFFICIENCY_CANDLES).sum().abs() / logs.abs().rolling(EFFICIENCY_CANDLES).sum()
    kinds = np.where(volatility > HIGH_VOLATILITY * usual, "high_volatility", "range")
    kinds = np.where((kinds == "range") & (efficiency >= TREND_EFFICIENCY), "trend", kinds)
    kinds = np.where(usual.isna() | efficiency.isna(), "unknown", kinds)
    return pd.Series(kinds, returns.index).shift(1, fill_value="unknown")


def regimes(
    dataset: Dataset, open_time: NDArray[np.int64], equity: NDArray[np.float64], periods_per_year: float
) -> tuple[RegimeResult, ...]:
    """Return what a portfolio earned in each kind of market that occurs in the window.

    Parameters
    ----------
    dataset : Dataset
        The market, with the candles before the window that it holds.
    open_time : int64 (T,)
        Candles of the window, UTC epoch milliseconds.
    equity : float64 (T,)
        Portfolio equity at the close of each, above 0.
    periods_per_year : float
        Candles per year.
    """
    market = market_returns(dataset)
    kinds = kinds_of(market).reindex(open_time, fill_value="unknown").to_numpy()[1:]
    moved = market.reindex(open_time, fill_value=0.0).to_numpy()[1:]
    returns = equity[1:] / equity[:-1] - 1.0
    return tuple(
        _result(kind, returns[kinds == kind], moved[kinds == kind], periods_per_year)
        for kind in KINDS
        if (kinds == kind).any()
    )


def _result(
    kind: Kind, returns: NDArray[np.float64], market: NDArray[np.float64], periods_per_year: float
) -> RegimeResult:
    is_short = len(returns) < FEWEST_CANDLES
    curve = np.cumprod(np.concatenate([[1.0], 1.0 + returns]))
    sharpe = None if is_short else sharpe_ratio(returns, periods_per_year)
    reason = f"fewer than {FEWEST_CANDLES} candles" if is_short else "" if sharpe is not None else "it never moved"
    return RegimeResult(
        kind=kind,
        candles=len(returns),
        total_return=float(curve[-1] - 1.0),
        sharpe=sharpe,
        max_drawdown=None if is_short else max_drawdown(curve),
        market_return=float(np.prod(1.0 + market) - 1.0),
        reason=reason,
    )
