"""What a trial is: its identity, its returns."""

import numpy as np
import pytest

from include.evaluation.trials import ScoredModel, candle_returns, trial_of, window_of
from tests.support.datasets import dataset_of, martingale
from tests.unit.evaluation.test_trial_ledger import NOW, trial, window


def test_a_trial_is_identified_by_what_was_scored_not_by_when_or_what_came_out() -> None:
    assert trial().identity == trial(scored_at=NOW.replace(year=2027), sharpe=None, total_return=0.5).identity
    changes = ({"purpose": "validation"}, {"window": window(1)}, {"dataset_id": "d2"}, {"seed": 1}, {"run_id": "r2"})
    assert len({trial(**change).identity for change in ({}, *changes)}) == 6


def test_returns_of_a_ruined_portfolio_stay_numbers() -> None:
    np.testing.assert_allclose(candle_returns(np.array([100.0, 110.0, 0.0, 0.0])), [0.1, -1.0, 0.0])


def test_the_score_is_that_of_the_equity_per_candle() -> None:
    dataset = dataset_of(martingale("BTC/USDT:USDT", 1600, seed=1))
    model = ScoredModel(candidate="m", run_id="r", seed=3, timestep=100)
    equity = np.array([100.0, 101.0, 100.0, 103.0])
    made, returns = trial_of("test", window_of("phase4", dataset.info, "test"), "d", model, "c", equity, NOW)
    assert made.total_return == pytest.approx(0.03)
    assert made.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1))
    assert (made.seed, made.timestep, made.window.end) == (3, 100, dataset.info.splits["test"].end)
