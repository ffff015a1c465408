"""Bybit v5 at this moment: tickers and order book."""

from typing import Any

from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute

from include.core.timeframes import HOUR_MS
from include.sandbox.bybit.api import wrapped
from include.sandbox.bybit.requests import CATEGORY, category, listed_symbol, row_limit
from include.sandbox.candle_page import newest_rows
from include.sandbox.clock import VirtualClock
from include.sandbox.market_data import Floats, OrderBook, VenueData
from include.sandbox.numbers import number_text
from include.sandbox.quotes import day_of, funding_at, price_now, prices_now

BOOK_DEFAULT, BOOK_MOST = 25, 1000


class QuotesApi:
    """What `data` is quoted at, as of `clock`."""

    def __init__(self, data: VenueData, clock: VirtualClock) -> None:
        self._data = data
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under the exchange's own paths."""
        return wrapped({"/v5/market/tickers": self.tickers, "/v5/market/orderbook": self.order_book}, self._clock)

    def tickers(self, params: QueryParams, now_ms: int) -> dict[str, Any]:
        """Return prices, 24 hours and funding, of one symbol or of all that trade."""
        category(params)
        listed = self._data.symbols()
        symbols = (listed_symbol(params, listed),) if "symbol" in params else listed
        tickers = (self._ticker(symbol, now_ms) for symbol in symbols)
        return {"category": CATEGORY, "list": [ticker for ticker in tickers if ticker]}

    def order_book(self, params: QueryParams, now_ms: int) -> dict[str, Any]:
        """Return the order book, empty where there is none."""
        category(params)
        symbol = listed_symbol(params, self._data.symbols())
        limit = row_limit(params, BOOK_DEFAULT, BOOK_MOST)
        price = price_now(self._data, symbol, now_ms)
        book = None if price is None else self._data.order_book(symbol, price, now_ms)
        bids, asks = ([], []) if book is None else (_levels(book.bids[:limit]), _levels(book.asks[:limit]))
        # one book a second: its number is its second
        return {"s": symbol, "b": bids, "a": asks, "ts": now_ms, "u": now_ms // 1000, "seq": now_ms, "cts": now_ms}

    def _ticker(self, symbol: str, now_ms: int) -> dict[str, str] | None:
        day = day_of(self._data, symbol, now_ms)
        if day is None:
            return None
        funding = funding_at(self._data.funding(symbol), now_ms)
        mark, index = prices_now(self._data, symbol, now_ms, day.last, funding.rate)
        interest = self._open_interest(symbol, now_ms)
        numbers = {
            "lastPrice": day.last,
            "indexPrice": index,
            "markPrice": mark,
            "prevPrice24h": day.open,
            "price24hPcnt": round(day.last / day.open - 1, 6),
            "highPrice24h": day.high,
            "lowPrice24h": day.low,
            "openInterest": interest,
            "openInterestValue": round(interest * mark, 2),
            "turnover24h": day.quote_volume,
            "volume24h": day.volume,
            "fundingRate": funding.rate,
        }
        book = self._data.order_book(symbol, day.last, now_ms)
        return {
            "symbol": symbol,
            **{name: number_text(0.0 if value != value else value) for name, value in numbers.items()},
            "nextFundingTime": str(funding.next_ms),
            "predictedDeliveryPrice": "",
            "basisRate": "",
            "deliveryFeeRate": "",
            "deliveryTime": "0",
            **_best(book),
        }

    def _open_interest(self, symbol: str, now_ms: int) -> float:
        series = self._data.open_interest(symbol, "1h")
        first, stop = newest_rows(series.time, now_ms, now_ms - 2 * HOUR_MS, None, 1) if series else (0, 0)
        return float(series.amount[first]) if series and first < stop else 0.0


def _best(book: OrderBook | None) -> dict[str, str]:
    if book is None:
        return dict.fromkeys(("bid1Price", "bid1Size", "ask1Price", "ask1Size"), "")
    bid, ask = _levels(book.bids[:1])[0], _levels(book.asks[:1])[0]
    return {"bid1Price": bid[0], "bid1Size": bid[1], "ask1Price": ask[0], "ask1Size": ask[1]}


def _levels(side: Floats) -> list[list[str]]:
    return [[number_text(price), number_text(size)] for price, size in side.tolist()]
