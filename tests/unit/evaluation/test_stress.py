"""Stress: the same decisions under other terms."""

import numpy as np
import pytest

from include.config.system import load_system
from include.evaluation.backtest import backtest_actions, backtest_stage
from include.evaluation.baselines import momentum, random_policy
from include.evaluation.replay import Stage
from include.evaluation.stress import stress
from tests.support.datasets import dataset_of, martingale, series_from_closes

SYSTEM = load_system("phase4")
BTC = "BTC/USDT:USDT"


def test_costs_only_take_and_the_middle_is_the_result_itself() -> None:
    stage = Stage(SYSTEM, dataset_of(*(martingale(f"S{i}/USDT:USDT", 1_300, seed=i) for i in range(4))), "test")
    played = backtest_stage(stage, random_policy(1))
    found = stress(stage, played)
    returns = [point.total_return for point in found.costs]
    assert returns == sorted(returns, reverse=True)
    equity = played.portfolio_equity
    assert returns[2] == pytest.approx(equity[-1] / equity[0] - 1)
    assert found.funding[1].total_return == pytest.approx(returns[2])
    assert found.late != found.costs[2]


def test_the_break_even_fee_is_the_one_at_which_nothing_is_left() -> None:
    rising = dataset_of(series_from_closes(BTC, 100 * 1.001 ** np.arange(1_300)))
    stage = Stage(SYSTEM, rising, "test")
    played = momentum(SYSTEM, rising, "test", lookback=5)
    found = stress(stage, played)
    assert found.break_even_fee_bps is not None
    fee = found.break_even_fee_bps
    account = SYSTEM.account.model_copy(update={"fee_bps": fee})
    equity = backtest_actions(stage.under(account=account), played.actions).portfolio_equity
    assert equity[-1] / equity[0] - 1 == pytest.approx(0.0, abs=2e-5)


@pytest.mark.parametrize(
    ("growth", "reason"), [(0.999, "the candidate loses even without any fee"), (1.0, "no trade was closed")]
)
def test_where_no_fee_breaks_even_the_reason_is_said(growth: float, reason: str) -> None:
    falling = dataset_of(series_from_closes(BTC, 100 * growth ** np.arange(1_300)))
    stage = Stage(SYSTEM, falling, "test")
    table = np.full((500, 1), 1 if growth < 1 else 0, np.int8)
    found = stress(stage, backtest_actions(stage, table))
    assert (found.break_even_fee_bps, found.break_even_reason) == (None, reason)


def test_a_long_position_pays_a_positive_funding_rate_twice_when_it_is_doubled() -> None:
    series = series_from_closes(BTC, np.full(1_300, 100.0))
    series.funding_at_close[:] = 1e-5
    stage = Stage(SYSTEM, dataset_of(series), "test")
    found = stress(stage, backtest_actions(stage, np.full((500, 1), 1, np.int8)))
    none, once, twice = (point.total_return for point in found.funding)
    assert none > once > twice
    assert none - twice == pytest.approx(2 * (none - once), rel=0.01)
