"""Nulls: the candidate's habits without its knowledge, its signals without their time."""

import numpy as np
import pytest

from include.config.system import load_system
from include.evaluation.backtest import BacktestResult, backtest, backtest_stage
from include.evaluation.baselines import random_policy
from include.evaluation.metrics import Metrics, metrics_of
from include.evaluation.nulls import NullDistribution, habits_of, random_like, shifted
from include.evaluation.replay import Stage
from include.evaluation.replays import as_replays
from tests.support.candles import fair_market
from tests.support.datasets import dataset_of, martingale

SYSTEM = load_system("phase4")
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
DATASET = dataset_of(*(martingale(f"S{i}/USDT:USDT", 1_300, seed=i) for i in range(6)))
STAGE = Stage(SYSTEM, DATASET, "test")


def patient(observations: np.ndarray) -> np.ndarray:
    """Open long on one feature, close on another: a candidate with habits of its own."""
    return np.where(observations[:, 0] > 1.5, 1, np.where(observations[:, 1] > 1.5, 3, 0)).astype(np.int64)


@pytest.fixture(scope="module")
def candidate() -> BacktestResult:
    return backtest_stage(STAGE, patient)


def test_habits_are_the_shares_of_what_was_chosen_in_each_state(candidate: BacktestResult) -> None:
    habits = habits_of(candidate, 5)
    # P(normal > 1.5) = 0.0668; opening needs no more, closing nothing of the first feature
    assert habits.flat[1] == pytest.approx(0.0668, abs=0.02)
    assert habits.invested[3] == pytest.approx(0.0668 * (1 - 0.0668), abs=0.02)
    assert habits.flat.sum() == pytest.approx(1.0)
    assert habits.invested.sum() == pytest.approx(1.0)
    assert habits.flat[2] == habits.invested[4] == 0.0


def test_a_policy_that_never_traded_has_the_habit_of_holding() -> None:
    idle = backtest_stage(STAGE, lambda seen: np.zeros(len(seen), np.int64))
    habits = habits_of(idle, 5)
    assert habits.flat.tolist() == habits.invested.tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_the_draws_trade_as_often_as_the_candidate_and_lean_to_its_side(candidate: BacktestResult) -> None:
    null = random_like(STAGE, habits_of(candidate, 5), 20, seed=3)
    trades, turnover = ([getattr(m, name) for m in null.metrics] for name in ("trades", "turnover"))
    own = metrics_of(candidate, 2_190)
    assert np.mean(trades) == pytest.approx(own.trades, rel=0.15)
    assert np.mean(turnover) == pytest.approx(own.turnover, rel=0.2)


def test_draws_repeat_themselves_and_do_not_depend_on_their_number(candidate: BacktestResult) -> None:
    habits = habits_of(candidate, 5)
    three, two, other = (random_like(STAGE, habits, n, seed) for n, seed in ((3, 5), (2, 5), (2, 6)))
    assert three.metrics[:2] == two.metrics
    assert three.metrics[0] != three.metrics[1]
    assert two.metrics != other.metrics


def test_no_shift_is_the_candidate_itself_and_a_shift_moves_every_symbol_alike(candidate: BacktestResult) -> None:
    replays = shifted(STAGE, candidate, np.array([0, 100]))
    own = as_replays(candidate)
    np.testing.assert_array_equal(replays.equity[0], own.equity[0])
    np.testing.assert_array_equal(replays.nets[replays.trades_of(0)], own.nets)
    moved = backtest(SYSTEM, DATASET, "test", _recorded(np.roll(candidate.actions, 100, axis=0)))
    np.testing.assert_array_equal(replays.equity[1], moved.portfolio_equity)


def _recorded(actions: np.ndarray):
    remaining = iter(actions)
    return lambda seen: np.maximum(next(remaining), 0).astype(np.int64)[: len(seen)]


def test_random_trading_loses_its_costs_and_luck_is_counted() -> None:
    dataset = dataset_of(*(fair_market(f"S{i}/USDT:USDT", 1_300, seed=i, ticks=30) for i in range(6)))
    stage = Stage(SYSTEM, dataset, "test")
    null = random_like(stage, habits_of(backtest_stage(stage, random_policy(1)), 5), 5, seed=1)
    assert null.mean()["total_return"] < 0
    assert (null.go_rate.share, null.go_rate.draws) == (0.0, 5)
    assert null.gates.shape == (5, 6)
    assert [rate.share for rate in null.pass_rates()] == null.gates.mean(axis=0).tolist()


def test_the_rate_of_go_the_means_and_the_band_by_hand() -> None:
    metrics = (Metrics(sharpe=1.0), Metrics(sharpe=3.0), Metrics(), Metrics())
    equity = np.arange(4.0)[:, None] * np.ones(3)
    null = NullDistribution(metrics, ("GO", "NO-GO", "PARTIAL-GO", "NO-GO"), np.zeros((4, 6), bool), equity)
    assert null.go_rate.share == 0.25
    assert null.mean()["sharpe"] == 2.0
    assert null.mean()["calmar"] is None
    np.testing.assert_allclose(null.band()[:, 0], [0.15, 2.85])


def test_luck_passes_at_least_so_many_gates_by_hand() -> None:
    gates = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 1, 1]], bool)
    null = NullDistribution((Metrics(),) * 4, ("NO-GO",) * 4, gates, np.ones((4, 3)))
    assert [null.gates_rate(passed).share for passed in range(4)] == [1.0, 0.75, 0.5, 0.25]


def test_draws_report_their_progress(candidate: BacktestResult) -> None:
    calls: list[tuple[str, int, int]] = []
    random_like(STAGE, habits_of(candidate, 5), 2, 1, progress=lambda *call: calls.append(call))
    assert calls == [("null draws", 1, 2), ("null draws", 2, 2)]
