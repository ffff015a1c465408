"""What is left of a result under worse terms: higher costs, other funding, decisions that are filled a candle late.

The candidate's own decisions are played again, not made again: seeing another account it might decide otherwise.
"""

from pydantic import BaseModel, ConfigDict

from include.core.timeframes import periods_per_year
from include.evaluation.backtest import BacktestResult, backtest_actions
from include.evaluation.metrics import metrics_of
from include.evaluation.replay import Stage

COST_FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
FUNDING_FACTORS = (0.0, 1.0, 2.0)
# a fee beyond this is no fee; what still earns there has none that breaks it
HIGHEST_FEE_BPS = 200.0
_BISECTIONS = 20


class Stressed(BaseModel):
    """What the candidate's decisions earn under other terms; undefined is None."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    total_return: float
    sharpe: float | None
    max_drawdown: float


class CostPoint(Stressed):
    """The same with fees and slippage, or every funding rate, multiplied by `factor`."""

    factor: float


class Stress(BaseModel):
    """What a result depends on.

    Parameters
    ----------
    costs : tuple of CostPoint
        Fees and slippage multiplied.
    break_even_fee_bps : float or None
        Fee per side, slippage as it is, at which the total return is 0; None where it is negative without any fee, or
        still positive at 200 bps, as `break_even_reason` says.
    funding : tuple of CostPoint
        Every funding rate multiplied.
    late : Stressed
        Every decision filled one candle later.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    costs: tuple[CostPoint, ...]
    break_even_fee_bps: float | None
    break_even_reason: str
    funding: tuple[CostPoint, ...]
    late: Stressed


def stress(stage: Stage, played: BacktestResult) -> Stress:
    """Return what the decisions of `played`, a backtest on `stage`, earn under other terms."""
    fee, reason = _break_even(stage, played)
    return Stress(
        costs=tuple(
            CostPoint(factor=factor, **_under(stage.under(fees=factor, slippage=factor), played).model_dump())
            for factor in COST_FACTORS
        ),
        break_even_fee_bps=fee,
        break_even_reason=reason,
        funding=tuple(
            CostPoint(factor=factor, **_under(stage.under(funding=factor), played).model_dump())
            for factor in FUNDING_FACTORS
        ),
        late=_under(stage.under(is_late=True), played),
    )


def _under(terms: Stage, played: BacktestResult) -> Stressed:
    result = backtest_actions(terms, played.actions)
    metrics = metrics_of(result, periods_per_year(terms.system.timeframe, terms.system.calendar))
    equity = result.portfolio_equity
    return Stressed(
        total_return=float(equity[-1] / equity[0] - 1.0),
        sharpe=metrics.sharpe,
        max_drawdown=metrics.max_drawdown if metrics.max_drawdown is not None else 0.0,
    )


def _break_even(stage: Stage, played: BacktestResult) -> tuple[float | None, str]:
    def earned(fee_bps: float) -> float:
        account = stage.account.model_copy(update={"fee_bps": fee_bps})
        equity = backtest_actions(stage.under(account=account), played.actions).portfolio_equity
        return float(equity[-1] - equity[0])

    if played.trades.empty:
        return None, "no trade was closed"
    low, high = 0.0, HIGHEST_FEE_BPS
    if earned(low) <= 0.0:
        return None, "the candidate loses even without any fee"
    if earned(high) > 0.0:
        return None, f"the candidate earns even at {HIGHEST_FEE_BPS:g} bps"
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if earned(middle) > 0.0 else (low, middle)
    return round(0.5 * (low + high), 3), ""
