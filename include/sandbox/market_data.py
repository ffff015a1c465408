"""What a market must be able to tell the sandbox's servers, whether it was recorded or simulated.

How it is told over HTTP does not belong here (`binance`, `bybit`, `sentiment_api`, `macro_api`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]
Days = NDArray[np.datetime64]
PriceKind = Literal["mark", "index", "premium"]

# Every interval that the exchange knows; a market holds candles of some of them.
INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
CANDLE_COLUMNS = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "trades",
    "taker_buy_volume",
    "taker_buy_quote_volume",
)


@dataclass(frozen=True, slots=True)
class CandleSeries:
    """Whole candles of one symbol and timeframe, in order of open time; arrays of one length.

    Attributes
    ----------
    open_time : int64 (n,)
        UTC epoch milliseconds.
    open, high, low, close : float64 (n,)
        Quote per base.
    volume, taker_buy_volume : float64 (n,)
        Base. NaN where the source does not know it, as in the next three.
    quote_volume, taker_buy_quote_volume : float64 (n,)
        Quote.
    trades : float64 (n,)
        Count.
    """

    open_time: Instants
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    quote_volume: Floats
    trades: Floats
    taker_buy_volume: Floats
    taker_buy_quote_volume: Floats

    def __len__(self) -> int:
        return len(self.open_time)

    def rows(self, start: int, stop: int) -> "CandleSeries":
        """Return rows `start` to `stop`, `stop` excluded, as views."""
        return CandleSeries(*(getattr(self, field.name)[start:stop] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class FundingSeries:
    """Settlements of one symbol in order of time; `mark_price` is NaN where it is not known."""

    time: Instants
    rate: Floats
    mark_price: Floats


@dataclass(frozen=True, slots=True)
class OpenInterestSeries:
    """Open contracts of one symbol at `time`: `amount` in base, `value` in quote, NaN where it is not known."""

    time: Instants
    amount: Floats
    value: Floats


@dataclass(frozen=True, slots=True)
class LongShortSeries:
    """Accounts of one symbol at `time`: long per short, and the shares of both."""

    time: Instants
    ratio: Floats
    long_share: Floats
    short_share: Floats


@dataclass(frozen=True, slots=True)
class BasisSeries:
    """Price of the perpetual and of its index at `time`, quote per base."""

    time: Instants
    futures_price: Floats
    index_price: Floats


@dataclass(frozen=True, slots=True)
class OrderBook:
    """Levels of both sides, best first; rows of price and size, float64 (n, 2)."""

    bids: Floats
    asks: Floats


@dataclass(frozen=True, slots=True)
class Listing:
    """What a venue says of one perpetual; a symbol known by its funding alone has no decimals of its own."""

    symbol: str
    launched_ms: int
    price_decimals: int
    quantity_decimals: int
    funding_hours: int


@dataclass(frozen=True, slots=True)
class FearGreedSeries:
    """Daily fear and greed index in order of time; `day` is 00:00 UTC of the value's day, epoch milliseconds."""

    day: Instants
    value: NDArray[np.int64]
    classification: Sequence[str]


@dataclass(frozen=True, slots=True)
class MacroSeries:
    """One macro series in order of `date` and then of publication; days without a value are absent.

    Attributes
    ----------
    date, published : datetime64[D] (n,)
        Day of the value, and day on which it was first told. NaT: by the release rule of the series.
        A day that stands twice was revised.
    value : float64 (n,)
        In the series' own unit.
    """

    date: Days
    value: Floats
    published: Days


class VenueData(Protocol):
    """One venue. Its instants are UTC epoch milliseconds, its symbols the exchange's (`BTCUSDT`)."""

    def symbols(self) -> tuple[str, ...]:
        """Return every symbol that the venue lists."""

    def listings(self) -> Sequence[Listing]:
        """Return what the venue says of each symbol."""

    def candles(self, symbol: str, timeframe: str) -> CandleSeries | None:
        """Return the candles of a listed symbol, None when there are none of that timeframe."""

    def price_candles(self, symbol: str, kind: PriceKind, timeframe: str) -> CandleSeries | None:
        """Return candles of a price that is not traded, volumes unknown; None when there are none."""

    def funding(self, symbol: str) -> FundingSeries | None:
        """Return the settlements of a listed symbol, None when there are none."""

    def open_interest(self, symbol: str, period: str) -> OpenInterestSeries | None:
        """Return the open interest of a listed symbol, None when there is none of that period."""

    def long_short(self, symbol: str, period: str) -> LongShortSeries | None:
        """Return the accounts that are long and short, None when they are not known at that period."""

    def basis(self, symbol: str, period: str) -> BasisSeries | None:
        """Return perpetual and index price side by side, None when they are not known at that period."""

    def order_book(self, symbol: str, price: float, now_ms: int) -> OrderBook | None:
        """Return the book around `price` as it stands at `now_ms`, None when the market has none."""


class MarketData(VenueData, Protocol):
    """Everything that the sandbox serves: Binance USDⓈ-M itself, Bybit beside it, sentiment and macro."""

    @property
    def name(self) -> str:
        """`synthetic`, or the path of the recorded data."""

    @property
    def end_ms(self) -> int:
        """End of the data; the virtual clock starts some days before it."""

    @property
    def bybit(self) -> VenueData:
        """The second venue."""

    def exchange_info(self) -> dict[str, Any]:
        """Return Binance's description of itself and its symbols, `serverTime` left out."""

    def fear_greed(self) -> FearGreedSeries | None:
        """Return the fear and greed index, None when it is not held."""

    def macro(self, series_id: str) -> MacroSeries | None:
        """Return one macro series, None when it is not held."""
