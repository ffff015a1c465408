"""Binance USDⓈ-M at this moment: mark price and funding, 24 hours, best prices, order book."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from include.sandbox.binance.requests import ExchangeRefusalError, listed_symbol, optional_whole
from include.sandbox.clock import VirtualClock
from include.sandbox.market_data import Floats, MarketData, OrderBook
from include.sandbox.numbers import number_text
from include.sandbox.quotes import day_of, funding_at, price_now, prices_now

DEPTH_LIMITS = (5, 10, 20, 50, 100, 500, 1000)
DEPTH_DEFAULT = 500
INTEREST_RATE = "0.00010000"

Json = dict[str, str | int]


class QuotesApi:
    """What `data` is quoted at, as of `clock`."""

    def __init__(self, data: MarketData, clock: VirtualClock) -> None:
        self._data = data
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under the exchange's own paths."""
        return [
            Route("/fapi/v1/premiumIndex", self.premium_index),
            Route("/fapi/v1/ticker/24hr", self.ticker),
            Route("/fapi/v1/ticker/bookTicker", self.book_ticker),
            Route("/fapi/v1/depth", self.depth),
        ]

    async def premium_index(self, request: Request) -> JSONResponse:
        """Answer mark price and funding as of now, of one symbol or of all that trade."""
        return self._of_one_or_all(request, self._premium_index)

    async def ticker(self, request: Request) -> JSONResponse:
        """Answer the last 24 hours, of one symbol or of all that trade."""
        return self._of_one_or_all(request, self._ticker)

    async def book_ticker(self, request: Request) -> JSONResponse:
        """Answer the best prices, of one symbol or of all that trade; zeros where there is no book."""
        return self._of_one_or_all(request, self._book_ticker)

    async def depth(self, request: Request) -> JSONResponse:
        """Answer the order book, empty where there is none."""
        symbol = listed_symbol(request.query_params, self._data.symbols())
        limit = optional_whole(request.query_params, "limit")
        limit = DEPTH_DEFAULT if limit is None else limit
        if limit not in DEPTH_LIMITS:
            raise ExchangeRefusalError(-4021, f"Invalid depth limit. {limit} is not valid.")
        now_ms = self._clock.now_ms()
        book = self._book(symbol, now_ms)
        sides = {} if book is None else {"bids": _levels(book.bids[:limit]), "asks": _levels(book.asks[:limit])}
        # one book a second: its number is its second
        number = {"lastUpdateId": now_ms // 1000, "E": now_ms, "T": now_ms}
        return JSONResponse({**number, "bids": [], "asks": [], **sides})

    def _of_one_or_all(self, request: Request, quote: Callable[[str, int], Json | None]) -> JSONResponse:
        listed, now_ms = self._data.symbols(), self._clock.now_ms()
        if "symbol" not in request.query_params:
            quotes = (quote(symbol, now_ms) for symbol in listed)
            return JSONResponse([told for told in quotes if told])
        return JSONResponse(quote(listed_symbol(request.query_params, listed), now_ms) or {})

    def _premium_index(self, symbol: str, now_ms: int) -> Json | None:
        price = price_now(self._data, symbol, now_ms)
        if price is None:
            return None
        funding = funding_at(self._data.funding(symbol), now_ms)
        mark, index = prices_now(self._data, symbol, now_ms, price, funding.rate)
        return {
            "symbol": symbol,
            "markPrice": number_text(mark),
            "indexPrice": number_text(index),
            "estimatedSettlePrice": number_text(index),
            "lastFundingRate": f"{funding.rate:.8f}",
            "interestRate": INTEREST_RATE,
            "nextFundingTime": funding.next_ms,
            "time": now_ms,
        }

    def _ticker(self, symbol: str, now_ms: int) -> Json | None:
        day = day_of(self._data, symbol, now_ms)
        if day is None:
            return None
        average = day.quote_volume / day.volume if day.volume > 0 else day.last
        numbers = {
            "priceChange": round(day.last - day.open, 8),
            "priceChangePercent": round(100 * (day.last / day.open - 1), 3),
            "weightedAvgPrice": round(average, 8),
            "lastPrice": day.last,
            "openPrice": day.open,
            "highPrice": day.high,
            "lowPrice": day.low,
            "volume": day.volume,
            "quoteVolume": day.quote_volume,
        }
        texts = {name: _known_text(value) for name, value in numbers.items()}
        trades = 0 if day.trades != day.trades else int(day.trades)
        times: Json = {"openTime": day.start_ms, "closeTime": now_ms, "firstId": 0, "lastId": trades, "count": trades}
        return {"symbol": symbol, **texts, "lastQty": "0", **times}

    def _book_ticker(self, symbol: str, now_ms: int) -> Json:
        book = self._book(symbol, now_ms)
        bid, ask = ((0.0, 0.0), (0.0, 0.0)) if book is None else (book.bids[0].tolist(), book.asks[0].tolist())
        return {
            "symbol": symbol,
            "bidPrice": number_text(bid[0]),
            "bidQty": number_text(bid[1]),
            "askPrice": number_text(ask[0]),
            "askQty": number_text(ask[1]),
            "time": now_ms,
        }

    def _book(self, symbol: str, now_ms: int) -> OrderBook | None:
        price = price_now(self._data, symbol, now_ms)
        return None if price is None else self._data.order_book(symbol, price, now_ms)


def _levels(side: Floats) -> list[list[str]]:
    return [[number_text(price), number_text(size)] for price, size in side.tolist()]


def _known_text(value: float) -> str:
    # volumes that the recording does not know are zero, as the exchange says of what it did not count
    return number_text(0.0 if value != value else value)
