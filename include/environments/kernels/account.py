"""`include.environments.phase4.account.Account`, line by line, on records: many accounts without an interpreter.

Every expression has the operands and the order of the class, so both hold the same numbers to the last bit.
"""

import math

import numpy as np
from numpy.typing import NDArray

from include.config.system import AccountConfig
from include.environments.kernels.jit import kernel
from include.environments.kernels.records import RULES, Record
from include.environments.phase4.account import BPS, MIN_POSITION_USD, MS_PER_HOUR
from include.environments.phase4.actions import CLOSE_POSITION, HOLD, OPEN_LONG, OPEN_SHORT

EXIT_REASONS = ("close", "stop_loss", "take_profit", "liquidation", "ruin", "end")
CLOSED, STOPPED, WON, LIQUIDATED, RUINED, ENDED = range(len(EXIT_REASONS))


def rules_of(config: AccountConfig) -> NDArray[np.void]:
    """Return `config` as one record, a `RULES` array of shape ()."""
    rules = np.zeros((), RULES)
    rules["needs_atr"] = config.stop_atr is not None or config.take_profit_atr is not None
    rules["initial_balance"] = config.initial_balance_usd
    rules["floor"] = config.initial_balance_usd * (1.0 - config.ruin_drawdown)
    rules["fee"] = config.fee_bps * BPS
    rules["slippage"] = config.slippage_bps * BPS
    rules["assumed_per_hour"] = config.assumed_funding_bps_per_8h * BPS / 8.0
    rules["max_leverage"] = config.max_leverage
    rules["maintenance_margin"] = config.maintenance_margin
    for name in ("risk_per_trade", "stop_atr", "take_profit_atr"):
        value = getattr(config, name)
        rules[name] = math.inf if value is None else value
    return rules


@kernel
def begin(account: Record, rules: Record) -> None:
    """Make `account` a fresh one."""
    account.balance = rules.initial_balance
    account.equity = rules.initial_balance
    account.entry_equity = rules.initial_balance
    account.booked_usd = 0.0
    account.is_refused = False
    account.has_closed = False
    account.pnl_usd = 0.0
    account.fees_usd = 0.0
    account.funding_usd = 0.0
    account.slippage_usd = 0.0
    account.traded_usd = 0.0
    account.held_hours = 0.0
    account.assumed_hours = 0.0
    _clear_position(account)


@kernel
def play(account: Record, rules: Record, action: int, atr: float, candle: Record) -> None:
    """Fill `action` at the open of `candle` and live through it, as `Account.play` does."""
    balance = account.balance
    account.is_refused = False
    account.has_closed = False
    if action != HOLD:
        _fill(account, rules, action, atr, candle)
    if account.quantity != 0.0:
        _live_through(account, rules, candle)
    account.equity = account.balance + account.quantity * (candle.close - account.entry_price)
    account.booked_usd = account.balance - balance


@kernel
def flatten(account: Record, rules: Record, candle: Record, reason: int) -> None:
    """Close any position at the close of `candle`, as `Account.flatten` does."""
    if account.quantity == 0.0:
        return
    balance = account.balance
    _close(account, rules, candle.close, candle.close_time, reason)
    account.equity = account.balance
    account.booked_usd += account.balance - balance


@kernel
def liquidation_price(account: Record, rules: Record) -> float:
    """Return the price at which equity equals the maintenance margin, as `Account.liquidation_price` does."""
    quantity = account.quantity
    margin = rules.maintenance_margin * abs(quantity)
    price: float = (quantity * account.entry_price - account.balance) / (quantity - margin)
    return price


@kernel
def _fill(account: Record, rules: Record, action: int, atr: float, candle: Record) -> None:
    if action in (OPEN_LONG, OPEN_SHORT):
        if account.quantity != 0.0 or account.balance <= 0.0 or (rules.needs_atr and not atr > 0.0):
            account.is_refused = True
        else:
            _open(account, rules, 1.0 if action == OPEN_LONG else -1.0, atr, candle)
    elif account.quantity == 0.0:
        account.is_refused = True
    elif action == CLOSE_POSITION:
        _close(account, rules, candle.open, candle.open_time, CLOSED)
    else:
        _reduce(account, rules, candle)


@kernel
def _open(account: Record, rules: Record, side: float, atr: float, candle: Record) -> None:
    fill = candle.open * (1.0 + side * rules.slippage)
    quantity = rules.max_leverage * account.balance / fill
    account.stop = -side * math.inf
    account.take_profit = side * math.inf
    if rules.stop_atr < math.inf:
        distance = rules.stop_atr * atr
        quantity = min(rules.risk_per_trade * account.balance / distance, quantity)
        account.stop = fill - side * distance
    if rules.take_profit_atr < math.inf:
        account.take_profit = fill + side * rules.take_profit_atr * atr
    account.quantity = side * quantity
    account.entry_price = fill
    account.entry_equity = account.balance
    account.entry_time = candle.open_time
    account.opened_quantity = quantity
    _pay_for_fill(account, rules, quantity, fill, candle.open)


@kernel
def _reduce(account: Record, rules: Record, candle: Record) -> None:
    half = 0.5 * account.quantity
    if abs(half) * candle.open < MIN_POSITION_USD:
        _close(account, rules, candle.open, candle.open_time, CLOSED)
    else:
        _book(account, rules, half, candle.open)
        account.quantity -= half


@kernel
def _close(account: Record, rules: Record, price: float, time: int, reason: int) -> None:
    trade = account.trade
    trade.side = 1 if account.quantity > 0.0 else -1
    _book(account, rules, account.quantity, price)
    trade.entry_time = account.entry_time
    trade.exit_time = time
    trade.reason = reason
    trade.entry_price = account.entry_price
    trade.exit_price = account.exit_value / account.opened_quantity
    trade.quantity = account.opened_quantity
    trade.pnl_usd = account.trade_pnl
    trade.fees_usd = account.trade_fees
    trade.funding_usd = account.trade_funding
    trade.slippage_usd = account.trade_slippage
    trade.net_usd = account.trade_pnl - account.trade_fees - account.trade_funding
    account.has_closed = True
    _clear_position(account)


@kernel
def _book(account: Record, rules: Record, quantity: float, price: float) -> None:
    fill = price * (1.0 - rules.slippage) if quantity > 0.0 else price * (1.0 + rules.slippage)
    pnl = quantity * (fill - account.entry_price)
    account.balance += pnl
    account.pnl_usd += pnl
    account.trade_pnl += pnl
    account.exit_value += abs(quantity) * fill
    _pay_for_fill(account, rules, abs(quantity), fill, price)


@kernel
def _pay_for_fill(account: Record, rules: Record, quantity: float, fill: float, price: float) -> None:
    notional = quantity * fill
    fee = rules.fee * notional
    slippage = quantity * abs(fill - price)
    account.balance -= fee
    account.fees_usd += fee
    account.slippage_usd += slippage
    account.traded_usd += notional
    account.trade_fees += fee
    account.trade_slippage += slippage


@kernel
def _pay_funding(account: Record, amount: float) -> None:
    account.balance -= amount
    account.funding_usd += amount
    account.trade_funding += amount


@kernel
def _live_through(account: Record, rules: Record, candle: Record) -> None:
    if _leave(account, rules, candle.open, candle.open, candle.open, candle.open_time):
        return
    _pay_inner_funding(account, rules, candle)
    if _leave(account, rules, candle.open, candle.low, candle.high, candle.close_time):
        return
    account.candles_in_position += 1
    if candle.funding_at_close != 0.0:
        _pay_funding(account, account.quantity * candle.close * candle.funding_at_close)
        _leave_without_margin(account, rules, candle)


@kernel
def _leave(account: Record, rules: Record, open_: float, low: float, high: float, time: int) -> bool:
    liquidation = liquidation_price(account, rules)
    if account.quantity > 0.0:
        adverse = max(account.stop, liquidation)
        is_hit, adverse_price = low <= adverse, min(adverse, open_)
        is_won, won_price = high >= account.take_profit, max(account.take_profit, open_)
        is_liquidated = adverse_price <= liquidation
    else:
        adverse = min(account.stop, liquidation)
        is_hit, adverse_price = high >= adverse, max(adverse, open_)
        is_won, won_price = low <= account.take_profit, min(account.take_profit, open_)
        is_liquidated = adverse_price >= liquidation
    if is_hit:
        _close(account, rules, adverse_price, time, LIQUIDATED if is_liquidated else STOPPED)
    elif is_won:
        _close(account, rules, won_price, time, WON)
    has_left: bool = is_hit or is_won
    return has_left


@kernel
def _leave_without_margin(account: Record, rules: Record, candle: Record) -> None:
    equity = account.balance + account.quantity * (candle.close - account.entry_price)
    if equity <= rules.maintenance_margin * abs(account.quantity) * candle.close:
        _close(account, rules, candle.close, candle.close_time, LIQUIDATED)


@kernel
def _pay_inner_funding(account: Record, rules: Record, candle: Record) -> None:
    account.held_hours += (candle.close_time - candle.open_time) / MS_PER_HOUR
    if candle.funding_inner != 0.0:
        _pay_funding(account, account.quantity * candle.open * candle.funding_inner)
    if candle.funding_assumed != 0.0:
        account.assumed_hours += candle.funding_assumed
        hourly = abs(account.quantity) * candle.open * rules.assumed_per_hour
        _pay_funding(account, hourly * candle.funding_assumed)


@kernel
def _clear_position(account: Record) -> None:
    account.quantity = 0.0
    account.entry_price = 0.0
    account.stop = 0.0
    account.take_profit = 0.0
    account.candles_in_position = 0
    account.entry_time = 0
    account.opened_quantity = 0.0
    account.exit_value = 0.0
    account.trade_pnl = 0.0
    account.trade_fees = 0.0
    account.trade_funding = 0.0
    account.trade_slippage = 0.0
