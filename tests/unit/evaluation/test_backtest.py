import numpy as np
import pytest

from include.config.system import load_system
from include.core.errors import InvalidInputError
from include.environments.phase4.actions import Action
from include.evaluation.backtest import backtest, backtest_actions, backtest_stage, in_order
from include.evaluation.replay import Stage
from include.features.dataset import Dataset
from tests.support.candles import phase4
from tests.support.datasets import STEP_MS, dataset_of, martingale, series_from_closes
from tests.support.networks import random_network

SYSTEM = load_system("phase4")
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def two_markets() -> Dataset:
    return dataset_of(martingale(BTC, 1_300, seed=1), martingale(ETH, 1_300, seed=2))


def always(action: int):
    return lambda observations: np.full(len(observations), action)


def randomly(seed: int):
    rng = np.random.default_rng(seed)
    return lambda observations: rng.integers(5, size=len(observations))


def test_the_start_row_is_the_initial_balance_of_every_sub_account():
    result = backtest(SYSTEM, two_markets(), "test", randomly(1))

    assert result.equity.shape == result.exposure_usd.shape == (500, 2)
    assert result.equity[0].tolist() == [10_000.0, 10_000.0]
    assert result.portfolio_equity[0] == 20_000.0


def test_the_trades_account_for_the_whole_change_of_the_portfolio():
    dataset = two_markets()
    for series in dataset.series.values():
        series.funding_at_close[::2] = 3e-4
        series.funding_assumed[1::2] = 4.0
    result = backtest(SYSTEM, dataset, "test", randomly(1))

    trades = result.trades
    change = result.portfolio_equity[-1] - result.portfolio_equity[0]
    assert change == pytest.approx((trades.pnl_usd - trades.fees_usd - trades.funding_usd).sum(), abs=1e-6)
    assert change == pytest.approx(trades.net_usd.sum(), abs=1e-6)
    assert result.fees_usd == pytest.approx(trades.fees_usd.sum())
    assert result.slippage_usd == pytest.approx(trades.slippage_usd.sum())
    assert result.funding_usd == pytest.approx(trades.funding_usd.sum())
    by_symbol = trades.groupby("symbol").net_usd.sum()
    assert (result.equity[-1] - 10_000).tolist() == pytest.approx([by_symbol[s] for s in result.symbols])


def test_a_flat_policy_stays_in_cash():
    result = backtest(SYSTEM, two_markets(), "test", always(Action.HOLD))

    assert (result.portfolio_equity == 20_000.0).all()
    assert result.trades.empty
    assert result.funding_assumed_share is None
    assert str(result.trades.entry_time.dtype) == "datetime64[ms, UTC]"


def test_equity_is_marked_to_market_at_each_close():
    closes = np.full(1_300, 100.0)
    closes[802:] = 100.5
    system = phase4(fee_bps=0.0, slippage_bps=0.0)
    result = backtest(system, dataset_of(series_from_closes(BTC, closes)), "test", always(Action.OPEN_LONG))

    # row 0 decides, row 1 opens at 100, row 2 closes at 100.5: 200 USD at risk over 1.5 points
    assert result.equity[:3, 0].tolist() == pytest.approx([10_000, 10_000, 10_000 + 200 / 1.5 * 0.5])
    assert result.exposure_usd[:3, 0].tolist() == pytest.approx([0, 200 / 1.5 * 100, 200 / 1.5 * 100.5])


def test_the_last_position_is_closed_at_the_last_close_with_its_costs():
    dataset = dataset_of(series_from_closes(BTC, np.full(1_300, 100.0)))

    result = backtest(SYSTEM, dataset, "test", always(Action.OPEN_LONG))

    (trade,) = result.trades.itertuples()
    assert trade.exit_reason == "end"
    assert trade.exit_price == pytest.approx(100 * 0.9998)
    assert trade.exit_time.timestamp() * 1000 == result.open_time[-1] + STEP_MS
    assert result.exposure_usd[-1, 0] == 0.0
    assert result.portfolio_equity[-1] < 10_000


def test_positions_do_not_cross_missing_rows():
    series = series_from_closes(BTC, np.full(1_300, 100.0))
    series.segment[1_000:] = 1

    result = backtest(SYSTEM, dataset_of(series), "test", always(Action.OPEN_LONG))

    first, second = result.trades.itertuples()
    times = series.open_time
    # closed at the close of the row before the gap, opened again one row after the first behind it
    assert first.exit_time.timestamp() * 1000 == times[999] + STEP_MS
    assert second.entry_time.timestamp() * 1000 == times[1_001]
    assert result.exposure_usd[200, 0] == 0.0


def test_a_symbol_without_rows_stays_in_cash_and_in_the_portfolio():
    ended = martingale(ETH, 300, seed=2)

    result = backtest(SYSTEM, dataset_of(martingale(BTC, 1_300, seed=1), ended), "test", randomly(1))

    assert result.symbols == (BTC, ETH)
    assert (result.equity[:, 1] == 10_000.0).all()
    assert set(result.trades.symbol) == {BTC}


def test_a_symbol_that_ends_keeps_its_last_equity():
    ended = martingale(ETH, 1_300, seed=2).rows(0, 1_000)

    result = backtest(SYSTEM, dataset_of(martingale(BTC, 1_300, seed=1), ended), "test", randomly(1))

    assert len(set(result.equity[199:, 1])) == 1
    assert result.equity[199, 1] != 10_000.0


def test_losing_half_does_not_end_a_backtest():
    closes = 100.0 * 0.8 ** np.clip(np.arange(1_300) - 801, 0, 12)
    system = phase4(stop_atr=1_000.0, take_profit_atr=1_000.0, max_leverage=1.5)
    system = system.model_copy(update={"account": system.account.model_copy(update={"risk_per_trade": 50.0})})

    result = backtest(system, dataset_of(series_from_closes(BTC, closes)), "test", always(Action.OPEN_LONG))

    # 1.5x long loses half within two candles of -20 %, is liquidated later, and goes on with what is left
    assert result.equity[:, 0].min() < 5_000
    assert len(result.trades) > 1


def test_what_the_policy_chose_is_counted():
    result = backtest(SYSTEM, two_markets(), "test", always(Action.OPEN_SHORT))

    assert result.action_counts["OPEN_SHORT"] == 2 * 499
    assert sum(result.action_counts.values()) == 2 * 499


def test_funding_that_was_assumed_is_counted_by_hours_held():
    dataset = dataset_of(series_from_closes(BTC, np.full(1_300, 100.0)))
    dataset.series[BTC].funding_assumed[1_050:] = 4.0

    result = backtest(SYSTEM, dataset, "test", always(Action.OPEN_LONG))

    # held through rows 801 to 1299, assumed from 1050 on
    assert result.funding_assumed_share == pytest.approx(250 / 499)


def test_the_same_policy_gives_the_same_result():
    first, again = (backtest(SYSTEM, two_markets(), "test", randomly(4)) for _ in range(2))

    assert (first.equity == again.equity).all()
    assert first.trades.equals(again.trades)


def test_the_policy_sees_one_row_per_symbol_in_the_shape_of_the_environment():
    shapes = set()

    def predict(observations):
        shapes.add((observations.shape, observations.dtype.name))
        return np.zeros(len(observations), np.int64)

    backtest(SYSTEM, two_markets(), "test", predict)

    assert shapes == {((2, 13), "float32")}


@pytest.mark.parametrize(
    ("actions", "rule"),
    [
        (np.zeros(3, np.int64), r"shape \(2,\)"),
        (np.zeros((2, 1), np.int64), r"shape \(2,\)"),
        (np.zeros(2), "float64"),
        (np.array([0, 5]), "was 0 to 5"),
        (np.array([-1, 0]), "was -1 to 0"),
    ],
)
def test_actions_of_a_wrong_shape_or_range_are_refused(actions, rule):
    with pytest.raises(InvalidInputError, match=f"`predict`.*{rule}"):
        backtest(SYSTEM, two_markets(), "test", lambda observations: actions)


def test_a_network_gives_the_result_of_its_predictions_to_the_last_bit():
    network = random_network(13, 5)

    fused, asked = (backtest(SYSTEM, two_markets(), "test", policy) for policy in (network, network.predict))

    assert (fused.equity == asked.equity).all()
    assert (fused.exposure_usd == asked.exposure_usd).all()
    assert (fused.actions == asked.actions).all()
    assert fused.trades.equals(asked.trades)
    assert len(fused.trades) > 20


def test_what_was_decided_stands_in_the_actions_and_gives_the_same_again():
    stage = Stage(SYSTEM, two_markets(), "test")
    decided = backtest_stage(stage, randomly(1))

    again = backtest_actions(stage, decided.actions)

    # nothing can be decided at the last candle
    assert (decided.actions[:-1] >= 0).all()
    assert (decided.actions[-1] == -1).all()
    assert (again.equity == decided.equity).all()
    assert (again.actions == decided.actions).all()
    assert again.trades.equals(decided.trades)
    counted = np.bincount(decided.actions[:-1].ravel(), minlength=5).tolist()
    assert list(decided.action_counts.values()) == counted


def test_the_portfolio_is_added_symbol_after_symbol():
    values = np.array([[1e16, 1.0, -1e16], [1e16, -1e16, 1.0]])

    # pairwise or exact sums would find another number
    assert in_order(values).tolist() == [0.0, 1.0]


def test_a_network_reports_its_end():
    calls = []

    backtest(SYSTEM, two_markets(), "test", random_network(13, 5), progress=lambda *call: calls.append(call))

    assert calls == [("backtest", 500, 500)]
