import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from include.core.clock import to_ms
from include.environments.phase4.account import Account
from include.environments.phase4.actions import Action
from include.environments.phase4.tape import Candle
from include.features.settlements import candle_funding
from tests.support.candles import candle, fair_market, phase4
from tests.support.datasets import STEP_MS
from tests.support.recorded import recorded

HOLD, LONG, SHORT, CLOSE, REDUCE = Action
ATR = 2.0  # stop 3 and take-profit 6 away from the fill, 200 USD at risk: 66.67 units


def account(**settings: float) -> Account:
    return Account(phase4(**settings).account)


def free(**settings: float) -> Account:
    return account(fee_bps=0.0, slippage_bps=0.0, **settings)


def opened(action: int, open_: float = 100.0, **settings: float) -> Account:
    it = free(**settings)
    it.play(action, ATR, candle(open_))
    return it


def test_an_opening_fills_at_the_next_open_plus_slippage_and_pays_the_fee():
    it = account()

    it.play(LONG, ATR, candle(100.0))

    quantity = 0.02 * 10_000 / 3.0
    assert it.entry_price == pytest.approx(100.02)
    assert it.quantity == pytest.approx(quantity)
    assert it.stop == pytest.approx(97.02)
    assert it.take_profit == pytest.approx(106.02)
    assert it.balance == pytest.approx(10_000 - quantity * 100.02 * 0.0005)
    assert it.equity == pytest.approx(it.balance - quantity * 0.02)


def test_a_short_fills_below_the_open_with_its_levels_mirrored():
    it = account()

    it.play(SHORT, ATR, candle(100.0))

    assert it.quantity == pytest.approx(-0.02 * 10_000 / 3.0)
    assert (it.entry_price, it.stop, it.take_profit) == pytest.approx((99.98, 102.98, 93.98))


def test_a_narrow_stop_is_sized_by_the_leverage_limit():
    it = free()

    it.play(LONG, 0.1, candle(100.0))

    assert it.quantity * 100.0 == pytest.approx(3 * 10_000)


def test_a_stop_that_is_hit_without_costs_loses_exactly_the_risk():
    it = opened(LONG)

    it.play(HOLD, ATR, candle(99.0, low=96.0, close=98.0))

    assert it.equity == pytest.approx(9_800)
    assert it.trades[0].exit_price == pytest.approx(97.0)
    assert it.trades[0].exit_reason == "stop_loss"


def test_a_take_profit_inside_the_candle_fills_at_its_price():
    it = opened(SHORT)

    it.play(HOLD, ATR, candle(99.0, low=93.0, close=95.0))

    assert it.equity == pytest.approx(10_400)
    assert it.trades[0].exit_reason == "take_profit"


def test_the_stop_counts_when_both_levels_lie_inside_one_candle():
    it = opened(LONG)

    it.play(HOLD, ATR, candle(100.0, high=107.0, low=96.0))

    assert it.trades[0].exit_reason == "stop_loss"
    assert it.equity == pytest.approx(9_800)


def test_a_position_can_be_stopped_in_the_candle_that_opened_it():
    it = free()

    it.play(LONG, ATR, candle(100.0, low=96.9))

    assert it.quantity == 0.0
    assert it.trades[0].exit_price == pytest.approx(97.0)


@pytest.mark.parametrize(
    ("action", "open_", "reason", "pnl_per_unit"),
    [
        (LONG, 95.0, "stop_loss", -5.0),
        (LONG, 108.0, "take_profit", 8.0),
        (SHORT, 105.0, "stop_loss", -5.0),
        (SHORT, 92.0, "take_profit", 8.0),
    ],
)
def test_a_gap_through_a_level_fills_at_the_open(action, open_, reason, pnl_per_unit):
    it = opened(action)

    it.play(HOLD, ATR, candle(open_, inner=0.5, number=1))

    trade = it.trades[0]
    assert trade.exit_reason == reason
    assert trade.exit_price == open_
    assert trade.pnl_usd == pytest.approx(200 / 3 * pnl_per_unit)
    assert trade.exit_time == candle(number=1).open_time
    assert trade.funding_usd == 0.0


def test_a_stop_pays_slippage_and_fee_on_top_of_its_price():
    it = account()
    it.play(LONG, ATR, candle(100.0))

    it.play(HOLD, ATR, candle(99.0, low=96.0))

    trade = it.trades[0]
    fill = 97.02 * 0.9998
    assert trade.exit_price == pytest.approx(fill)
    assert trade.fees_usd == pytest.approx(trade.quantity * (100.02 + fill) * 0.0005)
    assert trade.slippage_usd == pytest.approx(trade.quantity * (0.02 + 97.02 * 0.0002))
    assert trade.net_usd == pytest.approx(it.equity - 10_000)


def test_liquidation_before_the_stop_is_executed_where_equity_is_the_maintenance_margin():
    it = free(risk_per_trade=0.99)
    it.play(LONG, 22.0, candle(100.0))  # stop 33 away at 67, 300 units at leverage 3

    it.play(HOLD, 22.0, candle(90.0, low=50.0, close=80.0))

    price = (300 * 100.0 - 10_000) / (300 * 0.995)
    assert price > 67.0
    assert it.trades[0].exit_reason == "liquidation"
    assert it.trades[0].exit_price == pytest.approx(price)
    assert it.equity == pytest.approx(0.005 * 300 * price)


def test_a_short_is_liquidated_above_its_entry():
    it = free(risk_per_trade=0.99)
    it.play(SHORT, 22.0, candle(100.0))

    it.play(HOLD, 22.0, candle(110.0, high=140.0))

    price = (300 * 100.0 + 10_000) / (300 * 1.005)
    assert it.trades[0].exit_reason == "liquidation"
    assert it.trades[0].exit_price == pytest.approx(price)


def test_a_gap_beyond_the_liquidation_price_fills_at_the_open_and_leaves_the_debt():
    it = free(risk_per_trade=0.99)
    it.play(LONG, 22.0, candle(100.0))

    it.play(HOLD, 22.0, candle(60.0))

    assert it.trades[0].exit_reason == "liquidation"
    assert it.equity == pytest.approx(10_000 - 300 * 40)


def test_a_bankrupt_account_opens_nothing():
    it = free(risk_per_trade=0.99)
    it.play(LONG, 22.0, candle(100.0))
    it.play(HOLD, 22.0, candle(60.0))

    it.play(LONG, 22.0, candle(60.0))

    assert it.is_refused
    assert it.quantity == 0.0


def test_reduce_books_half_of_the_open_profit():
    it = opened(LONG)

    it.play(REDUCE, ATR, candle(103.0))

    assert it.balance == pytest.approx(10_000 + 200 / 3 / 2 * 3.0)
    assert it.quantity == pytest.approx(200 / 3 / 2)
    assert it.equity == pytest.approx(10_000 + 200 / 3 * 3.0)


def test_reduce_pays_the_fee_of_the_half_it_closes():
    it = account(slippage_bps=0.0)
    it.play(LONG, ATR, candle(100.0))

    it.play(REDUCE, ATR, candle(103.0))

    half = 200 / 3 / 2
    assert it.booked_usd == pytest.approx(half * 3.0 - half * 103.0 * 0.0005)


def test_a_reduced_position_is_one_trade_with_its_mean_exit_price():
    it = opened(LONG)
    it.play(REDUCE, ATR, candle(103.0, number=1))

    it.play(CLOSE, ATR, candle(101.0, number=2))

    (trade,) = it.trades
    assert trade.exit_price == pytest.approx(102.0)
    assert trade.quantity == pytest.approx(200 / 3)
    assert trade.pnl_usd == pytest.approx(200 / 3 * 2.0)


def test_reducing_dust_closes_the_position():
    it = opened(LONG)

    for _ in range(12):
        if it.quantity:
            it.play(REDUCE, ATR, candle(100.0))

    # 6,667 USD halve ten times before half of the rest is worth less than 5 USD
    assert it.quantity == 0.0
    assert it.trades[0].exit_reason == "close"


@pytest.mark.parametrize("action", [LONG, SHORT])
def test_opening_in_a_position_is_refused(action):
    it = opened(LONG)
    before = it.quantity

    it.play(action, ATR, candle(101.0))

    assert it.is_refused
    assert it.quantity == before


@pytest.mark.parametrize("action", [CLOSE, REDUCE])
def test_closing_or_reducing_while_flat_is_refused(action):
    it = account()

    it.play(action, ATR, candle())

    assert it.is_refused
    assert it.equity == 10_000


@pytest.mark.parametrize("atr", [0.0, math.nan])
def test_opening_without_a_known_range_is_refused(atr):
    it = account()

    it.play(LONG, atr, candle())

    assert it.is_refused
    assert it.quantity == 0.0


def test_a_long_pays_and_a_short_receives_a_positive_rate():
    for action, sign in [(LONG, 1), (SHORT, -1)]:
        it = free()

        it.play(action, ATR, candle(100.0, close=101.0, high=101.0, at_close=0.001))

        assert it.funding_usd == pytest.approx(sign * 200 / 3 * 101.0 * 0.001)
        assert it.balance == pytest.approx(10_000 - it.funding_usd)


@pytest.mark.parametrize(("action", "side"), [(LONG, 1), (SHORT, -1)])
@pytest.mark.parametrize("rate", [0.002, -0.002])
def test_rates_inside_the_candle_are_charged_on_its_open_price(action, side, rate):
    it = free()

    it.play(action, ATR, candle(100.0, close=101.0, inner=rate))

    assert it.funding_usd == pytest.approx(side * 200 / 3 * 100.0 * rate)


def test_a_position_closed_at_the_open_has_paid_the_settlement_before_and_pays_none_after():
    it = free()
    it.play(LONG, ATR, candle(100.0, at_close=0.001))
    paid = it.funding_usd

    it.play(CLOSE, ATR, candle(100.0, inner=0.01, at_close=0.01, assumed=4.0))

    assert paid == pytest.approx(200 / 3 * 100.0 * 0.001)
    assert it.funding_usd == paid
    assert it.trades[0].funding_usd == paid


@pytest.mark.parametrize("action", [LONG, SHORT])
def test_unknown_funding_is_charged_against_either_side_and_counted(action):
    it = free()

    it.play(action, ATR, candle(100.0, assumed=4.0))
    it.play(HOLD, ATR, candle(100.0))

    assert it.funding_usd == pytest.approx(200 / 3 * 100.0 * 1e-4 / 2)
    assert it.assumed_hours == 4.0
    assert it.held_hours == 8.0


def test_funding_that_exhausts_the_margin_liquidates_at_the_close():
    it = free(max_leverage=3.0)
    it.play(LONG, 0.1, candle(100.0))

    it.play(HOLD, 0.1, candle(100.0, at_close=0.34))

    assert it.trades[-1].exit_reason == "liquidation"
    assert it.equity == pytest.approx(10_000 - 300 * 100.0 * 0.34)


def recorded_settlements(symbol: str) -> tuple[np.ndarray, np.ndarray]:
    rates = pd.read_parquet(recorded("funding_rates.parquet"), filters=[("symbol", "==", symbol)])
    rates = rates.sort_values("funding_time")
    # an exchange stamps a settlement some milliseconds late
    return (rates["funding_time"] // 60_000 * 60_000).to_numpy("int64"), rates["funding_rate"].to_numpy()


def recorded_candles(symbol: str, first: datetime, count: int) -> list[Candle]:
    rows = pd.read_parquet(recorded("klines_4h.parquet"), filters=[("symbol", "==", symbol)])
    rows = rows[rows["open_time"] >= to_ms(first)].head(count)
    opens = rows["open_time"].to_numpy("int64")
    funding = candle_funding(opens, STEP_MS, *recorded_settlements(symbol))
    columns = [opens, opens + STEP_MS, *(rows[name] for name in ("open", "high", "low", "close")), np.full(count, 5e4)]
    columns += [funding.inner, funding.at_close, funding.assumed]
    return [Candle._make(row) for row in zip(*(np.asarray(c).tolist() for c in columns), strict=True)]


@pytest.mark.parametrize(("action", "side"), [(LONG, 1), (SHORT, -1)])
def test_the_settlements_of_two_recorded_days_are_those_reckoned_by_hand(action, side):
    candles = recorded_candles("BTCUSDT", datetime(2026, 3, 10, tzinfo=UTC), 9)
    it = free()
    for number, now in enumerate(candles):
        it.play(action if number == 0 else HOLD, now.atr, now)

    # opened at midnight, after the settlement of that instant; 08:00, 16:00, 00:00 and 08:00 are paid on the last close
    paid = 70_374.7 * 1.23e-5 + 71_296.9 * 1.738e-5 + 69_901.9 * -1.1052e-4 + 69_622.1 * -5.252e-5
    assert it.trades == []
    assert it.quantity == pytest.approx(side * 200 / 75_000)
    assert paid == pytest.approx(-9.277, abs=1e-3)
    assert it.funding_usd == pytest.approx(it.quantity * paid)
    assert it.balance == pytest.approx(10_000 - it.quantity * paid)
    assert it.assumed_hours == 0.0


@pytest.mark.parametrize("action", [LONG, SHORT])
@pytest.mark.parametrize(
    ("symbol", "day", "count"),
    [
        ("BTCUSDT", 12, 3),
        # every 8 hours until 00:00, then every hour; every hour; every hour until 12:00, then every 4 hours
        ("OGNUSDT", 12, 24),
        ("OGNUSDT", 13, 24),
        ("OGNUSDT", 14, 15),
    ],
)
def test_every_settlement_of_a_recorded_day_is_paid_once_whatever_the_interval(symbol, day, count, action):
    candles = recorded_candles(symbol, datetime(2026, 3, day, tzinfo=UTC), 6)
    # no exit: one position stands from the first open to the last close
    rules = {"risk_per_trade": None, "stop_atr": None, "take_profit_atr": None, "max_leverage": 0.2}
    it = Account(phase4(fee_bps=0.0).account.model_copy(update=rules))
    for number, now in enumerate(candles):
        it.play(action if number == 0 else HOLD, now.atr, now)

    paid = []
    for time, rate in zip(*recorded_settlements(symbol), strict=True):
        inside = [now for now in candles if now.open_time < time <= now.close_time]
        paid += [it.quantity * (now.close if time == now.close_time else now.open) * rate for now in inside]
    assert len(paid) == count
    assert it.funding_usd == pytest.approx(sum(paid), rel=1e-12)
    assert it.balance == pytest.approx(10_000 - sum(paid))
    assert (it.held_hours, it.assumed_hours) == (24.0, 0.0)


def test_inner_funding_that_exhausts_the_margin_liquidates_no_better_than_the_open():
    it = free()

    it.play(LONG, 0.1, candle(100.0, inner=0.34))

    assert it.trades[0].exit_price == 100.0
    assert it.trades[0].exit_reason == "liquidation"


def test_flatten_closes_at_the_close_and_grows_the_booked_change():
    it = account()
    it.play(LONG, ATR, candle(100.0, close=101.0, high=101.0, number=3))

    it.flatten(candle(100.0, close=101.0, number=3), "end")

    trade = it.trades[0]
    assert trade.exit_price == pytest.approx(101.0 * 0.9998)
    assert trade.exit_time == candle(number=4).open_time
    assert it.booked_usd == pytest.approx(it.equity - 10_000)


def test_a_round_trip_at_one_price_loses_exactly_the_costs():
    it = account()
    it.play(LONG, ATR, candle(100.0))

    it.play(CLOSE, ATR, candle(100.0))

    assert 10_000 - it.equity == pytest.approx(it.fees_usd + it.slippage_usd)


def test_cash_is_conserved_over_twenty_thousand_random_steps():
    rng = np.random.default_rng(5)
    market = fair_market("BTC/USDT:USDT", 2_000, seed=5, ticks=20)
    rates = rng.normal(0.0, 3e-4, (3, 2_000))
    steps = 0
    while steps < 20_000:
        it = account()
        for row, action in enumerate(rng.integers(5, size=1_999), start=1):
            now = candle(
                market.open[row],
                market.high[row],
                market.low[row],
                market.close[row],
                inner=rates[0, row],
                at_close=rates[1, row],
                assumed=4.0 * (rates[2, row] > 0),
            )
            it.play(int(action), market.atr[row - 1], now)
            assert it.balance == pytest.approx(10_000 + it.pnl_usd - it.fees_usd - it.funding_usd, abs=1e-6)
        it.flatten(now, "end")
        rebuilt = sum(
            t.side * t.quantity * (t.exit_price - t.entry_price) - t.fees_usd - t.funding_usd for t in it.trades
        )
        assert it.equity - 10_000 == pytest.approx(rebuilt, abs=1e-6)
        assert sum(t.net_usd for t in it.trades) == pytest.approx(rebuilt, abs=1e-6)
        steps += 1_999
