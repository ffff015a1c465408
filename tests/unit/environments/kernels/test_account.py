import numpy as np
import pytest

from include.config.system import AccountConfig
from include.environments.kernels import account as kernels
from include.environments.kernels.records import ACCOUNT, CANDLE, RULES
from include.environments.phase4.account import Account, Trade
from include.environments.phase4.tape import Candle
from include.features.kernels.jit import kernel
from tests.support.candles import candle, phase4
from tests.support.datasets import STEP_MS
from tests.support.minutes import rough

# every number that a class and a record share
SHARED = (
    "balance", "equity", "quantity", "entry_price", "entry_equity", "stop", "take_profit", "booked_usd", "pnl_usd",
    "fees_usd", "funding_usd", "slippage_usd", "traded_usd", "held_hours", "assumed_hours", "candles_in_position",
    "is_refused",
)  # fmt: skip
NUMBERS = [name for name in Trade._fields if name != "exit_reason"]


@kernel
def play_one(accounts, rules, action, atr, candles):
    kernels.play(accounts[0], rules[0], action, atr, candles[0])


@kernel
def flatten_one(accounts, rules, candles):
    kernels.flatten(accounts[0], rules[0], candles[0], kernels.ENDED)


@kernel
def begin_one(accounts, rules):
    kernels.begin(accounts[0], rules[0])


def twins(config: AccountConfig) -> tuple[Account, np.ndarray, np.ndarray]:
    records, rules = np.zeros(1, ACCOUNT), np.array([kernels.rules_of(config)])
    begin_one(records, rules)
    return Account(config), records, rules


def record_of(one: Candle) -> np.ndarray:
    return np.array([(*one, 0.5)], CANDLE)


def require_equal(account: Account, record: np.void, closed_before: int) -> None:
    assert {name: record[name].item() for name in SHARED} == {name: getattr(account, name) for name in SHARED}
    assert record["has_closed"] == (len(account.trades) > closed_before)
    if record["has_closed"]:
        trade = account.trades[-1]
        assert {name: record["trade"][name].item() for name in NUMBERS} == {n: getattr(trade, n) for n in NUMBERS}
        assert kernels.EXIT_REASONS[record["trade"]["reason"]] == trade.exit_reason


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"risk_per_trade": 0.5, "max_leverage": 20.0, "take_profit_atr": 9.0},
        {"risk_per_trade": None, "stop_atr": None},
        {"risk_per_trade": None, "stop_atr": None, "take_profit_atr": None, "max_leverage": 8.0},
    ],
)
def test_twenty_thousand_random_candles_leave_the_same_numbers_to_the_last_bit(settings: dict) -> None:
    config = phase4(**settings).account
    rng = np.random.default_rng(8)
    market = rough("BTC/USDT:USDT", 2_000, seed=8)
    candles = [
        Candle(
            row * STEP_MS, (row + 1) * STEP_MS, market.open[row], market.high[row], market.low[row], market.close[row],
            market.atr[row], market.funding_inner[row], market.funding_at_close[row], market.funding_assumed[row],
        )
        for row in range(2_000)
    ]  # fmt: skip
    account, records, rules = twins(config)
    reasons = set()
    for step in range(20_000):
        row = step % 1_999
        if row == 0 or account.equity < 0.0:
            account, records, rules = twins(config)
        closed_before = len(account.trades)
        action, now = int(rng.integers(5)), candles[row + 1]
        account.play(action, candles[row].atr, now)
        play_one(records, rules, action, candles[row].atr, record_of(now))
        require_equal(account, records[0], closed_before)
        if row == 1_998 and account.quantity != 0.0:
            closed_before = len(account.trades)
            account.flatten(now, "end")
            records["has_closed"] = False
            flatten_one(records, rules, record_of(now))
            require_equal(account, records[0], closed_before)
        reasons |= {trade.exit_reason for trade in account.trades[closed_before:]}

    assert "close" in reasons
    assert ("stop_loss" in reasons) == (config.stop_atr is not None)
    assert ("take_profit" in reasons) == (config.take_profit_atr is not None)


@pytest.mark.parametrize("atr", [0.0, np.nan])
def test_an_unknown_range_is_refused_by_both_only_where_an_exit_needs_it(atr: float) -> None:
    for settings, is_refused in [
        ({}, True),
        ({"risk_per_trade": None, "stop_atr": None, "take_profit_atr": None}, False),
    ]:
        account, records, rules = twins(phase4(**settings).account)
        account.play(1, atr, candle())
        play_one(records, rules, 1, atr, record_of(candle()))

        assert account.is_refused is is_refused
        require_equal(account, records[0], 0)


def test_a_fresh_account_remembers_nothing_of_the_one_before() -> None:
    account, records, rules = twins(phase4().account)
    play_one(records, rules, 1, 2.0, record_of(candle(100.0, close=101.0, high=101.0, at_close=0.001, assumed=2.0)))

    begin_one(records, rules)

    require_equal(account, records[0], 0)


def test_the_rules_are_those_of_the_configuration_in_the_units_of_the_formulas() -> None:
    rules = kernels.rules_of(phase4().account)

    assert rules.dtype == RULES
    assert (rules["fee"], rules["slippage"], rules["floor"]) == pytest.approx((0.0005, 0.0002, 5_000.0))
    assert rules["assumed_per_hour"] == pytest.approx(1e-4 / 8)
