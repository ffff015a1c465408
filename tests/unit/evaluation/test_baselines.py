import numpy as np
import pytest

from include.config.system import load_system
from include.evaluation.baselines import buy_and_hold, flat, momentum, random_policy
from tests.support.candles import phase4
from tests.support.datasets import dataset_of, series_from_closes

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


def test_momentum_follows_the_week_behind_it_and_turns_a_candle_after_it():
    closes = np.concatenate([np.linspace(100, 150, 1_000), np.linspace(150, 100, 300)])
    system = phase4(fee_bps=0.0, slippage_bps=0.0, stop_atr=60.0, take_profit_atr=60.0)
    result = momentum(system, dataset_of(series_from_closes(BTC, closes)), "test", lookback=10)

    # the split begins at row 800; the return of ten candles turns negative a few candles after the top at row 1000
    longs, shorts = result.trades[result.trades.side == "long"], result.trades[result.trades.side == "short"]
    turned = next(t for t in range(1_000, 1_020) if closes[t] < closes[t - 10])
    series = dataset_of(series_from_closes(BTC, closes)).series[BTC]
    assert (len(longs), len(shorts)) == (1, 1)
    assert longs.exit_time.iloc[0].value // 10**6 == series.open_time[turned + 1]
    assert shorts.entry_time.iloc[0].value // 10**6 == series.open_time[turned + 2]
    assert (result.trades.net_usd > 0).all()


def test_momentum_knows_nothing_where_rows_are_missing():
    series = series_from_closes(BTC, np.linspace(100, 200, 1_300))
    series.segment[1_000:] = 1

    opened = momentum(SYSTEM, dataset_of(series), "test", lookback=10).actions[:, 0]

    # rows 1000 to 1009 of the series are 200 to 209 of the split
    assert set(opened[201:209].tolist()) <= {-1, 0}
    assert 1 in opened[211:].tolist()
