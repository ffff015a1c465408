"""Regimes: told without hindsight, by the stated rule."""

import numpy as np
import pandas as pd
import pytest

from include.evaluation.regimes import KINDS, kinds_of, market_returns, regimes
from tests.support.datasets import dataset_of, martingale, series_from_closes

RETURNS = pd.Series(np.random.default_rng(1).normal(0, 0.01, 1_500), np.arange(1_500) * 14_400_000)


def test_a_kind_depends_on_nothing_after_the_candle_began() -> None:
    before = kinds_of(RETURNS)
    changed = RETURNS.copy()
    changed.iloc[1_000:] = 0.2
    pd.testing.assert_series_equal(kinds_of(changed).iloc[:1_001], before.iloc[:1_001])
    assert (kinds_of(changed).iloc[1_001:] != before.iloc[1_001:]).any()


def test_a_straight_way_is_a_trend_a_wild_one_is_volatile_and_a_quiet_one_is_a_range() -> None:
    rng = np.random.default_rng(2)
    quiet = rng.normal(0, 0.01, 1_000) * np.where(np.arange(1_000) % 2, 1, -1)
    straight = np.full(100, 0.004)
    wild = rng.normal(0, 0.05, 100)
    kinds = kinds_of(pd.Series(np.concatenate([quiet, straight, wild]))).to_numpy()
    assert kinds[0] == "unknown"
    assert kinds[1_060:1_100].tolist() == ["trend"] * 40
    assert kinds[1_160:].tolist() == ["high_volatility"] * 40
    assert np.mean(kinds[200:1_000] == "range") > 0.7


def test_the_rule_by_hand_on_one_candle() -> None:
    logs = np.log1p(RETURNS.to_numpy())
    at = 1_200  # what the candle 1200 was in is told by the 42 before it
    window = logs[at - 42 : at]
    spreads = [logs[i - 42 : i].std(ddof=1) for i in range(at - 719, at + 1)]
    efficiency = abs(window.sum()) / np.abs(window).sum()
    wild = window.std(ddof=1) > 1.5 * np.median(spreads)
    expected = "high_volatility" if wild else "trend" if efficiency >= 0.3 else "range"
    assert kinds_of(RETURNS).iloc[at] == expected


def test_the_market_is_the_mean_of_its_symbols_and_a_gap_is_no_return() -> None:
    one = series_from_closes("A/USDT:USDT", np.array([100.0, 110.0, 121.0]))
    two = series_from_closes("B/USDT:USDT", np.array([100.0, 90.0, 90.0]))
    returns = market_returns(dataset_of(one, two, test=2, validation=1, embargo=0))
    np.testing.assert_allclose(returns.to_numpy(), [0.0, 0.05], atol=1e-12)
    one.open_time[2] += 14_400_000
    assert len(market_returns(dataset_of(one, test=2, validation=1, embargo=0))) == 1


def test_the_parts_make_the_whole() -> None:
    dataset = dataset_of(*(martingale(f"S{i}/USDT:USDT", 1_600, seed=i) for i in range(3)))
    series = next(iter(dataset.split("test").values()))
    equity = 1e4 * np.cumprod(1 + np.random.default_rng(4).normal(0, 0.01, len(series)))
    found = regimes(dataset, series.open_time, equity, 2_190)
    assert sum(regime.candles for regime in found) == len(series) - 1
    assert np.prod([1 + regime.total_return for regime in found]) == pytest.approx(equity[-1] / equity[0])
    assert [regime.kind for regime in found] == [kind for kind in KINDS if kind in {r.kind for r in found}]
    for regime in found:
        assert (regime.sharpe is None) == (regime.candles < 30)
        assert bool(regime.reason) == (regime.sharpe is None)
