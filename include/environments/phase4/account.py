"""The simulated futures account: fills, fees, slippage, funding, stops and liquidation of one position.

The one simulator of perpetuals: environments, the backtest and every baseline step this class, and
`include.environments.kernels.account` repeats it line by line for many accounts at once.
Choosing actions, rewards and observations do not belong here.
"""

import math
from typing import NamedTuple

from include.config.system import AccountConfig
from include.environments.phase4.actions import CLOSE_POSITION, HOLD, OPEN_LONG, OPEN_SHORT
from include.environments.phase4.tape import Candle

# Binance refuses smaller orders in most USDⓈ-M perpetuals, so a reduction that would leave less closes everything
MIN_POSITION_USD = 5.0
MS_PER_HOUR = 3_600_000.0
BPS = 1e-4


class Trade(NamedTuple):
    """One position from its opening fill to its last closing fill.

    Times are UTC epoch milliseconds: the candle's open for fills at the open, its close (the first
    instant at which the fill is known) for fills inside it or at its close. `exit_price` is the mean
    of all closing fills by quantity. `pnl_usd` comes from fill prices, slippage therefore included;
    `fees_usd` and `funding_usd` are paid on top of it (funding received is negative), so the account
    changed by `net_usd` = pnl − fees − funding. `slippage_usd` is shown, never subtracted again.
    """

    side: int
    entry_time: int
    exit_time: int
    entry_price: float
    exit_price: float
    quantity: float
    pnl_usd: float
    fees_usd: float
    funding_usd: float
    slippage_usd: float
    net_usd: float
    exit_reason: str


class Account:
    """A linear perpetual account with at most one position, in USD.

    One call of `play` takes a decision made at the close of candle t through candle t+1:

    1. The action fills at the open, moved against the account by the slippage. The fee is paid on
       the filled notional, on both sides of a trade. Quantities are not rounded to lot sizes.
    2. Size of an opening: min(risk_per_trade × equity / stop distance, max_leverage × equity / fill
       price), equity before the fee. Stop and take-profit lie `stop_atr` and `take_profit_atr`
       times the ATR known at t from the fill, and do not move. A system without them has neither
       exit, and its size is what the leverage allows.
    3. A position beyond its stop, liquidation or take-profit price at the open is closed at the open.
    4. A position still open pays funding of the candle's inside on the open price: settled rates
       whole even when a stop comes before them (their order inside a candle is unknown), hours
       without a known settlement at the assumed rate, always against the position.
    5. Inside the candle, the adverse side comes first: of the stop and liquidation price, the one
       nearer to the market is executed; only then the take-profit. Each fills at its own price
       moved by the slippage. Liquidation price is where equity equals maintenance_margin × notional.
    6. A position that stands at the close pays the funding settled there on the close price, before
       the fills of the next call. If this exhausts the margin it is liquidated at the close.

    A gap can leave the balance below zero; the debt stays in the account (no insurance fund).

    Attributes
    ----------
    balance : float
        Initial balance plus everything booked: realised PnL − fees − funding.
    equity : float
        Balance plus unrealised PnL at the last close.
    quantity : float
        Signed position in base units, 0 when flat.
    booked_usd : float
        Change of the balance in the last `play`.
    is_refused : bool
        The last action was invalid and did nothing.
    trades : list of Trade
        Closed trades in order of exit.
    """

    __slots__ = (
        "_assumed_per_hour",
        "_entry_time",
        "_exit_value",
        "_fee",
        "_needs_atr",
        "_opened_quantity",
        "_slippage",
        "_trade_fees",
        "_trade_funding",
        "_trade_pnl",
        "_trade_slippage",
        "assumed_hours",
        "balance",
        "booked_usd",
        "candles_in_position",
        "config",
        "entry_equity",
        "entry_price",
        "equity",
        "fees_usd",
        "funding_usd",
        "held_hours",
        "is_refused",
        "pnl_usd",
        "quantity",
        "slippage_usd",
        "stop",
        "take_profit",
        "traded_usd",
        "trades",
    )

    def __init__(self, config: AccountConfig) -> None:
        self.config = config
        self._fee = config.fee_bps * BPS
        self._slippage = config.slippage_bps * BPS
        self._needs_atr = config.stop_atr is not None or config.take_profit_atr is not None
        self._assumed_per_hour = config.assumed_funding_bps_per_8h * BPS / 8.0
        self.balance = self.equity = self.entry_equity = config.initial_balance_usd
        self.booked_usd = 0.0
        self.is_refused = False
        self.trades: list[Trade] = []
        self.pnl_usd = self.fees_usd = self.funding_usd = self.slippage_usd = self.traded_usd = 0.0
        self.held_hours = self.assumed_hours = 0.0
        self._clear_position()

    def play(self, action: int, atr: float, candle: Candle) -> None:
        """Fill `action` at the open of `candle` and live through it.

        Parameters
        ----------
        action : int
            A value of `Action`.
        atr : float
            ATR known at the decision, quote per base: that of the candle before.
        candle : Candle
            The candle after the decision.
        """
        balance = self.balance
        self.is_refused = False
        if action != HOLD:
            self._fill(action, atr, candle)
        if self.quantity != 0.0:
            self._live_through(candle)
        self.equity = self.balance + self.quantity * (candle.close - self.entry_price)
        self.booked_usd = self.balance - balance

    def flatten(self, candle: Candle, reason: str) -> None:
        """Close any position at the close of `candle`, with slippage and fee; `booked_usd` grows by it."""
        if self.quantity == 0.0:
            return
        balance = self.balance
        self._close(candle.close, candle.close_time, reason)
        self.equity = self.balance
        self.booked_usd += self.balance - balance

    def liquidation_price(self) -> float:
        """Return the price at which equity equals the maintenance margin; ≤ 0 for a long that no price liquidates."""
        quantity = self.quantity
        margin = self.config.maintenance_margin * abs(quantity)
        return (quantity * self.entry_price - self.balance) / (quantity - margin)

    def order(self, side: float, fill: float, atr: float) -> tuple[float, float, float]:
        """Return quantity (base units, positive), stop and take-profit of an opening at price `fill`."""
        config = self.config
        quantity = config.max_leverage * self.balance / fill
        stop, take_profit = -side * math.inf, side * math.inf
        if config.stop_atr is not None and config.risk_per_trade is not None:
            distance = config.stop_atr * atr
            quantity = min(config.risk_per_trade * self.balance / distance, quantity)
            stop = fill - side * distance
        if config.take_profit_atr is not None:
            take_profit = fill + side * config.take_profit_atr * atr
        return quantity, stop, take_profit

    def _fill(self, action: int, atr: float, candle: Candle) -> None:
        if action in (OPEN_LONG, OPEN_SHORT):
            if self.quantity != 0.0 or self.balance <= 0.0 or (self._needs_atr and not atr > 0.0):
                self.is_refused = True
            else:
                self._open(1.0 if action == OPEN_LONG else -1.0, atr, candle)
        elif self.quantity == 0.0:
            self.is_refused = True
        elif action == CLOSE_POSITION:
            self._close(candle.open, candle.open_time, "close")
        else:
            self._reduce(candle)

    def _open(self, side: float, atr: float, candle: Candle) -> None:
        fill = candle.open * (1.0 + side * self._slippage)
        quantity, self.stop, self.take_profit = self.order(side, fill, atr)
        self.quantity = side * quantity
        self.entry_price = fill
        self.entry_equity = self.balance
        self._entry_time = candle.open_time
        self._opened_quantity = quantity
        self._pay_for_fill(quantity, fill, candle.open)

    def _reduce(self, candle: Candle) -> None:
        half = 0.5 * self.quantity
        if abs(half) * candle.open < MIN_POSITION_USD:
            self._close(candle.open, candle.open_time, "close")
        else:
            self._book(half, candle.open)
            self.quantity -= half

    def _close(self, price: float, time: int, reason: str) -> None:
        side = 1 if self.quantity > 0.0 else -1
        self._book(self.quantity, price)
        net = self._trade_pnl - self._trade_fees - self._trade_funding
        self.trades.append(
            Trade(
                side,
                self._entry_time,
                time,
                self.entry_price,
                self._exit_value / self._opened_quantity,
                self._opened_quantity,
                self._trade_pnl,
                self._trade_fees,
                self._trade_funding,
                self._trade_slippage,
                net,
                reason,
            )
        )
        self._clear_position()

    def _book(self, quantity: float, price: float) -> None:
        # closing moves the price against the position: a long sells lower, a short buys higher
        fill = price * (1.0 - self._slippage) if quantity > 0.0 else price * (1.0 + self._slippage)
        pnl = quantity * (fill - self.entry_price)
        self.balance += pnl
        self.pnl_usd += pnl
        self._trade_pnl += pnl
        self._exit_value += abs(quantity) * fill
        self._pay_for_fill(abs(quantity), fill, price)

    def _pay_for_fill(self, quantity: float, fill: float, price: float) -> None:
        notional = quantity * fill
        fee = self._fee * notional
        slippage = quantity * abs(fill - price)
        self.balance -= fee
        self.fees_usd += fee
        self.slippage_usd += slippage
        self.traded_usd += notional
        self._trade_fees += fee
        self._trade_slippage += slippage

    def _pay_funding(self, amount: float) -> None:
        self.balance -= amount
        self.funding_usd += amount
        self._trade_funding += amount

    def _live_through(self, candle: Candle) -> None:
        if self._leave(candle.open, candle.open, candle.open, candle.open_time):
            return
        self._pay_inner_funding(candle)
        if self._leave(candle.open, candle.low, candle.high, candle.close_time):
            return
        self.candles_in_position += 1
        if candle.funding_at_close != 0.0:
            self._pay_funding(self.quantity * candle.close * candle.funding_at_close)
            self._leave_without_margin(candle)

    def _leave(self, open_: float, low: float, high: float, time: int) -> bool:
        # true when a price of [low, high] reached a level and closed the position
        liquidation = self.liquidation_price()
        if self.quantity > 0.0:
            adverse = max(self.stop, liquidation)
            is_hit, adverse_price = low <= adverse, min(adverse, open_)
            is_won, won_price = high >= self.take_profit, max(self.take_profit, open_)
            is_liquidated = adverse_price <= liquidation
        else:
            adverse = min(self.stop, liquidation)
            is_hit, adverse_price = high >= adverse, max(adverse, open_)
            is_won, won_price = low <= self.take_profit, min(self.take_profit, open_)
            is_liquidated = adverse_price >= liquidation
        if is_hit:
            self._close(adverse_price, time, "liquidation" if is_liquidated else "stop_loss")
        elif is_won:
            self._close(won_price, time, "take_profit")
        return is_hit or is_won

    def _leave_without_margin(self, candle: Candle) -> None:
        equity = self.balance + self.quantity * (candle.close - self.entry_price)
        if equity <= self.config.maintenance_margin * abs(self.quantity) * candle.close:
            self._close(candle.close, candle.close_time, "liquidation")

    def _pay_inner_funding(self, candle: Candle) -> None:
        self.held_hours += (candle.close_time - candle.open_time) / MS_PER_HOUR
        if candle.funding_inner != 0.0:
            self._pay_funding(self.quantity * candle.open * candle.funding_inner)
        if candle.funding_assumed != 0.0:
            self.assumed_hours += candle.funding_assumed
            hourly = abs(self.quantity) * candle.open * self._assumed_per_hour
            self._pay_funding(hourly * candle.funding_assumed)

    def _clear_position(self) -> None:
        self.quantity = self.entry_price = self.stop = self.take_profit = 0.0
        self.candles_in_position = 0
        self._entry_time = 0
        self._opened_quantity = self._exit_value = 0.0
        self._trade_pnl = self._trade_fees = self._trade_funding = self._trade_slippage = 0.0
