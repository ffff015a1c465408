import numpy as np
import pytest

from include.config.system import load_system
from include.core.seeding import derive_seed
from include.evaluation.backtest import backtest
from include.evaluation.baselines import NullDistribution, buy_and_hold, flat, null_distribution, random_policy
from include.evaluation.metrics import Metrics, metrics_of
from tests.support.candles import fair_market, phase4
from tests.support.datasets import dataset_of, martingale, series_from_closes

SYSTEM = load_system("phase4")
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def test_flat_holds_always():
    assert flat(np.zeros((3, 13), np.float32)).tolist() == [0, 0, 0]


def test_a_random_policy_repeats_itself_by_seed_and_uses_every_action():
    observations = np.zeros((1_000, 13), np.float32)

    first, again, other = (random_policy(seed)(observations) for seed in (1, 1, 2))

    assert (first == again).all()
    assert (first != other).any()
    assert np.bincount(first, minlength=5).min() > 150
    assert set(random_policy(1, n_actions=3)(observations)) == {0, 1, 2}


def test_buy_and_hold_earns_the_move_of_the_price_less_two_fills():
    closes = np.linspace(50.0, 200.0, 1_300)
    dataset = dataset_of(series_from_closes(BTC, closes))

    result = buy_and_hold(SYSTEM, dataset, "test")

    first_open, last_close = dataset.series[BTC].open[801], closes[-1]
    fee, slip = 0.0005, 0.0002
    quantity = 10_000 / (first_open * (1 + slip) * (1 + fee))
    assert result.portfolio_equity[-1] == pytest.approx(quantity * last_close * (1 - slip) * (1 - fee))
    assert len(result.trades) == 1


def test_no_stop_closes_buy_and_hold_on_its_way_down():
    closes = np.full(1_300, 100.0)
    closes[850:] = 20.0

    result = buy_and_hold(phase4(fee_bps=0.0, slippage_bps=0.0), dataset_of(series_from_closes(BTC, closes)), "test")

    assert result.portfolio_equity[-1] == pytest.approx(2_000)
    assert result.trades.exit_reason.tolist() == ["end"]


def test_buy_and_hold_pays_funding_on_its_notional():
    series = series_from_closes(BTC, np.full(1_300, 100.0))
    series.funding_at_close[:] = 1e-5
    system = phase4(fee_bps=0.0, slippage_bps=0.0)

    result = buy_and_hold(system, dataset_of(series), "test")

    # 499 candles, the settlement at the last close included
    assert result.funding_usd == pytest.approx(499 * 10_000 * 1e-5)


def test_buy_and_hold_is_bought_again_behind_missing_rows():
    series = series_from_closes(BTC, np.full(1_300, 100.0))
    series.segment[1_000:] = 1

    assert len(buy_and_hold(SYSTEM, dataset_of(series), "test").trades) == 2


def test_null_draws_repeat_themselves_and_do_not_depend_on_their_number():
    dataset = dataset_of(martingale(BTC, 1_300, seed=1), martingale(ETH, 1_300, seed=2))

    three, two, other = (null_distribution(SYSTEM, dataset, "test", n, seed) for n, seed in ((3, 5), (2, 5), (2, 6)))

    assert three.metrics[:2] == two.metrics
    assert three.metrics[0] != three.metrics[1]
    assert two.metrics != other.metrics


def test_a_null_draw_is_the_backtest_of_a_random_policy():
    dataset = dataset_of(martingale(BTC, 1_300, seed=1), martingale(ETH, 1_300, seed=2))

    drawn = null_distribution(SYSTEM, dataset, "test", 1, seed=5).metrics[0]

    policy = random_policy(derive_seed(5, "null", 0))
    assert drawn == metrics_of(backtest(SYSTEM, dataset, "test", policy), 2_190)


def test_random_trading_loses_its_costs():
    dataset = dataset_of(*(fair_market(f"S{i}/USDT:USDT", 1_300, seed=i, ticks=30) for i in range(6)))

    null = null_distribution(SYSTEM, dataset, "test", 5, 1)

    assert null.mean()["total_return"] < 0
    assert null.go_share == 0.0


def test_the_share_of_go_and_the_means_by_hand():
    metrics = (Metrics(sharpe=1.0), Metrics(sharpe=3.0), Metrics(), Metrics())
    null = NullDistribution(metrics, ("GO", "NO-GO", "PARTIAL-GO", "NO-GO"), np.empty((4, 0)))

    assert null.go_share == 0.25
    assert null.mean()["sharpe"] == 2.0
    assert null.mean()["calmar"] is None


def test_draws_report_their_progress():
    calls = []

    null_distribution(SYSTEM, dataset_of(martingale(BTC, 1_300, seed=1)), "test", 2, 1, lambda *c: calls.append(c))

    assert calls == [("null draws", 1, 2), ("null draws", 2, 2)]
