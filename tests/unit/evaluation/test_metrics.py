import math
import warnings

import numpy as np
import pandas as pd
import pytest

from include.core.timeframes import periods_per_year
from include.evaluation.backtest import BacktestResult
from include.evaluation.metrics import metric_names, metrics_of, recorded_metrics

with warnings.catch_warnings():
    # the package is older than the pandas beside it; only its formulas are wanted
    warnings.simplefilter("ignore")
    import empyrical

PERIODS = 2_190.0


def trades_of(*nets: tuple[str, int, float]) -> pd.DataFrame:
    frame = pd.DataFrame(nets, columns=["symbol", "hour", "net_usd"])
    # by symbol and order of exit, as a backtest gives them
    frame = frame.sort_values(["symbol", "hour"], kind="stable", ignore_index=True)
    frame["exit_time"] = pd.to_datetime(frame["hour"], unit="h", utc=True)
    frame["pnl_usd"] = frame["net_usd"] + 2.0
    return frame.assign(fees_usd=2.0, slippage_usd=1.0, funding_usd=0.0)


def result_of(equity, trades: pd.DataFrame | None = None, **changes) -> BacktestResult:
    matrix = np.asarray(equity, dtype=np.float64).reshape(len(equity), -1)
    fields = {
        "symbols": ("A", "B", "C"),
        "open_time": np.arange(len(matrix), dtype=np.int64),
        "equity": matrix,
        "exposure_usd": np.zeros_like(matrix),
        "trades": trades_of() if trades is None else trades,
        "actions": np.full(matrix.shape, -1, np.int8),
        "action_counts": {},
        "traded_usd": 0.0,
        "fees_usd": 0.0,
        "slippage_usd": 0.0,
        "funding_usd": 0.0,
        "held_hours": 0.0,
        "assumed_hours": 0.0,
    }
    return BacktestResult(**(fields | changes))


def random_equity(seed: int, n: int = 400, drift: float = 0.0005) -> np.ndarray:
    return 10_000 * np.cumprod(1 + np.random.default_rng(seed).normal(drift, 0.01, n))


@pytest.mark.parametrize("seed", range(5))
def test_ratios_equal_those_of_empyrical_with_the_same_periods(seed):
    equity = random_equity(seed)
    returns = pd.Series(equity).pct_change().dropna()

    metrics = metrics_of(result_of(equity), PERIODS)

    # with `annualization` empyrical ignores its `period`
    assert metrics.sharpe == pytest.approx(empyrical.sharpe_ratio(returns, annualization=PERIODS))
    assert metrics.sortino == pytest.approx(empyrical.sortino_ratio(returns, annualization=PERIODS))
    assert metrics.calmar == pytest.approx(empyrical.calmar_ratio(returns, annualization=PERIODS))
    assert metrics.cagr == pytest.approx(empyrical.cagr(returns, annualization=PERIODS))
    assert metrics.max_drawdown == pytest.approx(-empyrical.max_drawdown(returns))
    assert metrics.total_return == pytest.approx(empyrical.cum_returns_final(returns))


def test_four_hour_candles_are_annualised_with_2190_periods():
    equity = random_equity(1)
    returns = equity[1:] / equity[:-1] - 1
    periods = periods_per_year("4h", "crypto")

    sharpe = metrics_of(result_of(equity), periods).sharpe

    assert periods == 2_190
    assert sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(2_190))
    # with the 252 days of equities it would be 2.95 times too low
    assert sharpe / metrics_of(result_of(equity), 252).sharpe == pytest.approx(2.948, abs=1e-3)


def test_a_portfolio_that_never_traded_has_no_trade_metric():
    metrics = metrics_of(result_of(np.full(10, 100.0)), PERIODS)

    assert (metrics.trades, metrics.max_drawdown, metrics.total_return) == (0.0, 0.0, 0.0)
    for name in ("sharpe", "sortino", "calmar", "win_rate", "profit_factor", "consecutive_losses"):
        assert getattr(metrics, name) is None
        assert metrics.reasons[name]


def test_every_undefined_metric_has_its_reason_and_no_other_has_one():
    for result in (result_of(np.full(10, 100.0)), result_of(random_equity(1)), result_of([100.0, 50.0, -10.0])):
        metrics = metrics_of(result, PERIODS)

        assert {name for name, value in metrics.values().items() if value is None} == set(metrics.reasons)
        assert all(metrics.reasons.values())


def test_a_ruined_portfolio_has_a_drawdown_but_no_ratio():
    metrics = metrics_of(result_of([100.0, 50.0, -10.0]), PERIODS)

    assert metrics.max_drawdown == pytest.approx(1.1)
    assert metrics.sharpe is None
    assert "zero or below" in metrics.reasons["calmar"]


def test_a_single_candle_has_no_ratio_no_turnover_and_no_exposure():
    metrics = metrics_of(result_of([100.0]), PERIODS)

    assert metrics.total_return == 0.0
    for name in ("sharpe", "sortino", "calmar", "cagr", "exposure", "turnover"):
        assert getattr(metrics, name) is None
        assert metrics.reasons[name]
    assert metrics.reasons["turnover"] == "the window is a single candle"


def test_a_portfolio_that_only_rose_has_no_calmar():
    metrics = metrics_of(result_of([100.0, 101.0, 103.0]), PERIODS)

    assert metrics.calmar is None
    assert metrics.reasons["calmar"] == "there was no drawdown"
    assert metrics.sharpe > 0


def test_the_gate_takes_the_longest_losing_run_of_the_median_symbol():
    trades = trades_of(
        ("A", 1, -1.0),
        ("A", 4, 5.0),
        ("B", 2, -1.0),
        ("B", 5, -1.0),
        ("C", 3, -1.0),
        ("C", 6, -1.0),
        ("C", 7, -1.0),
        ("C", 8, -1.0),
    )

    metrics = metrics_of(result_of([100.0, 99.0, 101.0], trades), PERIODS)

    assert metrics.consecutive_losses == 2.0
    assert metrics.consecutive_losses_max == 4.0
    # in order of exit: three losses, the profit of A, four losses
    assert metrics.consecutive_losses_pooled == 4.0


def test_win_rate_and_profit_factor_are_net_of_costs():
    # the second trade won 1 before 2 of fees
    trades = trades_of(("A", 1, 6.0), ("A", 2, -1.0), ("A", 3, -2.0))

    metrics = metrics_of(result_of([100.0, 99.0, 101.0], trades), PERIODS)

    assert metrics.win_rate == pytest.approx(1 / 3)
    assert metrics.profit_factor == pytest.approx(2.0)


def test_trades_without_a_loss_leave_the_profit_factor_undefined():
    metrics = metrics_of(result_of([100.0, 99.0, 101.0], trades_of(("A", 1, 6.0))), PERIODS)

    assert metrics.profit_factor is None
    assert "no bound" in metrics.reasons["profit_factor"]
    assert metrics.consecutive_losses == 0.0


def test_exposure_turnover_and_cost_shares_by_hand():
    result = result_of(
        np.full((5, 2), 50.0),
        trades_of(("A", 1, 7.0), ("A", 2, -5.0)),
        exposure_usd=np.array([[0, 0], [30, -20], [30, -20], [0, 0], [0, 0.0]]),
        traded_usd=200.0,
        fees_usd=4.0,
        slippage_usd=2.0,
        funding_usd=-1.0,
    )

    metrics = metrics_of(result, PERIODS)

    assert metrics.exposure == pytest.approx(0.5 * 2 / 5)
    assert metrics.turnover == pytest.approx(200 / 100 * 2_190 / 4)
    # before costs the first trade won 7 + 2 + 1, the second lost
    assert metrics.cost_share == pytest.approx(0.6)
    assert metrics.funding_share == pytest.approx(-0.1)


def test_recorded_metrics_leave_the_rest_undefined():
    metrics = recorded_metrics({"sharpe": 0.06})

    assert metrics.sharpe == 0.06
    assert metrics.reasons == dict.fromkeys(metric_names()[1:], "not recorded")
