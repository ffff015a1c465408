"""Performance metrics of a backtest. An undefined metric is None with a reason, never a sentinel.

Limits on them do not belong here (`gates.py`).
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from include.environments.statistics import defined
from include.evaluation.backtest import BacktestResult
from include.evaluation.metric_arrays import metric_arrays
from include.evaluation.replays import Replays, as_replays

_RUINED = "the portfolio equity fell to zero or below"
_TOO_SHORT = "the window is too short to annualise its growth"
_ONE_CANDLE = "the window is a single candle"
_NO_PROFIT = "no trade made a profit before costs"
_OF_CURVE = frozenset({"sharpe", "sortino", "calmar", "cagr", "exposure", "turnover"})
_OF_TRADES = frozenset(
    {"win_rate", "profit_factor", "consecutive_losses", "consecutive_losses_pooled", "consecutive_losses_max"}
)
# why a metric is undefined where neither ruin nor the lack of trades explains it
_REASONS = {
    "sharpe": "the portfolio equity never moved",
    "sortino": "no candle lost",
    "calmar": _TOO_SHORT,
    "cagr": _TOO_SHORT,
    "profit_factor": "no trade lost, so the factor has no bound",
    "exposure": _ONE_CANDLE,
    "turnover": _ONE_CANDLE,
    "cost_share": _NO_PROFIT,
    "funding_share": _NO_PROFIT,
    "funding_assumed_share": "no position was ever held",
}


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
    return metrics_of_all(as_replays(result), periods_per_year)[0]


def metrics_of_all(replays: Replays, periods_per_year: float) -> list[Metrics]:
    """Return the metrics of each of many portfolios, as `metrics_of` does."""
    arrays = metric_arrays(replays, periods_per_year)
    ruined = (replays.equity.min(axis=1) <= 0.0).tolist()
    columns = [[defined(value) for value in arrays[name].tolist()] for name in metric_names()]
    found = [dict(zip(metric_names(), row, strict=True)) for row in zip(*columns, strict=True)]
    return [_explained(values, is_ruined) for values, is_ruined in zip(found, ruined, strict=True)]


def _explained(values: dict[str, float | None], is_ruined: bool) -> Metrics:
    reasons = {name: _reason(name, values, is_ruined) for name, value in values.items() if value is None}
    return Metrics.model_validate({**values, "reasons": reasons})


def _reason(name: str, values: dict[str, float | None], is_ruined: bool) -> str:
    if is_ruined and name in _OF_CURVE:
        return _RUINED
    if values["trades"] == 0.0 and name in _OF_TRADES:
        return "no trade was closed"
    if name == "calmar" and values["cagr"] is not None:
        return "there was no drawdown"
    return _REASONS[name]
