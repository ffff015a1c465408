"""What a market must be able to tell the sandbox's servers, whether it was recorded or simulated.

How it is told over HTTP does not belong here (`exchange_api`, `sentiment_api`, `macro_api`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]

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
class FearGreedSeries:
    """Daily fear and greed index in order of time; `day` is 00:00 UTC of the value's day, epoch milliseconds."""

    day: Instants
    value: NDArray[np.int64]
    classification: Sequence[str]


@dataclass(frozen=True, slots=True)
class MacroSeries:
    """Observations of one macro series in order of `date`, datetime64[D]; days without a value are absent."""

    date: NDArray[np.datetime64]
    value: Floats


class MarketData(Protocol):
    """One market. Its instants are UTC epoch milliseconds, its symbols the exchange's (`BTCUSDT`)."""

    @property
    def name(self) -> str:
        """`synthetic`, or the path of the recorded data."""

    @property
    def end_ms(self) -> int:
        """End of the data; the virtual clock starts some days before it."""

    def symbols(self) -> tuple[str, ...]:
        """Return every symbol that the exchange lists."""

    def exchange_info(self) -> dict[str, Any]:
        """Return the exchange's description of itself and its symbols, `serverTime` left out."""

    def candles(self, symbol: str, timeframe: str) -> CandleSeries | None:
        """Return the candles of a listed symbol, None when there are none of that timeframe."""

    def funding(self, symbol: str) -> FundingSeries | None:
        """Return the settlements of a listed symbol, None when there are none."""

    def fear_greed(self) -> FearGreedSeries | None:
        """Return the fear and greed index, None when it is not held."""

    def macro(self, series_id: str) -> MacroSeries | None:
        """Return one macro series, None when it is not held."""
