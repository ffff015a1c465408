"""Binance USDⓈ-M REST, the part that Perpetua reads, over any market and the virtual clock.

Nothing here can place an order. Limits are `request_budget`'s, page selection `candle_page`'s.
"""

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from include.core.timeframes import HOUR_MS, timeframe_ms
from include.sandbox.candle_page import as_seen, kline_rows, number_text, page_rows
from include.sandbox.clock import VirtualClock
from include.sandbox.exchange_requests import known_interval, listed_symbol, optional_whole, row_limit
from include.sandbox.market_data import FundingSeries, MarketData

KLINES_DEFAULT, KLINES_MOST = 500, 1500
FUNDING_DEFAULT, FUNDING_MOST = 100, 1000
# The price now is read from the finest of these; finer candles would be read into memory for one number.
PRICE_TIMEFRAMES = ("1h", "4h", "1d")
INTEREST_RATE = "0.00010000"

Json = dict[str, str | int]


class ExchangeApi:
    """The exchange's public endpoints over `data`, as of `clock`."""

    def __init__(self, data: MarketData, clock: VirtualClock) -> None:
        self._data = data
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under the exchange's own paths."""
        return [
            Route("/fapi/v1/ping", self.ping),
            Route("/fapi/v1/time", self.time),
            Route("/fapi/v1/exchangeInfo", self.exchange_info),
            Route("/fapi/v1/klines", self.klines),
            Route("/fapi/v1/fundingRate", self.funding_rate),
            Route("/fapi/v1/premiumIndex", self.premium_index),
            Route("/sapi/v1/system/status", self.system_status),
        ]

    async def ping(self, _: Request) -> JSONResponse:
        """Answer nothing, as the exchange does."""
        return JSONResponse({})

    async def time(self, _: Request) -> JSONResponse:
        """Answer the virtual now."""
        return JSONResponse({"serverTime": self._clock.now_ms()})

    async def system_status(self, _: Request) -> JSONResponse:
        """Answer that no maintenance is going on."""
        return JSONResponse({"status": 0, "msg": "normal"})

    async def exchange_info(self, _: Request) -> JSONResponse:
        """Answer every listed symbol with its rules."""
        return JSONResponse({**self._data.exchange_info(), "serverTime": self._clock.now_ms()})

    async def klines(self, request: Request) -> JSONResponse:
        """Answer a page of candles, the one still open included."""
        params = request.query_params
        symbol = listed_symbol(params, self._data.symbols())
        interval = known_interval(params)
        limit = row_limit(params, KLINES_DEFAULT, KLINES_MOST)
        start_ms, end_ms = optional_whole(params, "startTime"), optional_whole(params, "endTime")
        candles = self._data.candles(symbol, interval)
        if candles is None:
            return JSONResponse([])
        now_ms, length_ms = self._clock.now_ms(), timeframe_ms(interval)
        page = candles.rows(*page_rows(candles.open_time, now_ms, start_ms, end_ms, limit))
        return JSONResponse(kline_rows(as_seen(page, length_ms, now_ms), length_ms))

    async def funding_rate(self, request: Request) -> JSONResponse:
        """Answer a page of settlements of one symbol, or of all when none is named."""
        params = request.query_params
        limit = row_limit(params, FUNDING_DEFAULT, FUNDING_MOST)
        start_ms, end_ms = optional_whole(params, "startTime"), optional_whole(params, "endTime")
        symbols = (listed_symbol(params, self._data.symbols()),) if "symbol" in params else self._data.symbols()
        now_ms = self._clock.now_ms()
        page: list[Json] = []
        for symbol in symbols:
            series = self._data.funding(symbol)
            if series is not None:
                start, stop = page_rows(series.time, now_ms, start_ms, end_ms, limit)
                page.extend(_settlement(symbol, series, row) for row in range(start, stop))
        page.sort(key=lambda settlement: int(settlement["fundingTime"]))
        return JSONResponse(page[:limit] if start_ms is not None else page[-limit:])

    async def premium_index(self, request: Request) -> JSONResponse:
        """Answer mark price and funding as of now, of one symbol or of all that trade."""
        listed = self._data.symbols()
        if "symbol" not in request.query_params:
            quotes = (self._quote(symbol) for symbol in listed)
            return JSONResponse([quote for quote in quotes if quote])
        return JSONResponse(self._quote(listed_symbol(request.query_params, listed)) or {})

    def _quote(self, symbol: str) -> Json | None:
        now_ms = self._clock.now_ms()
        price = self._price(symbol, now_ms)
        if price is None:
            return None
        rate, next_ms = _funding_at(self._data.funding(symbol), now_ms)
        index = number_text(round(price / (1 + rate), 8))
        return {
            "symbol": symbol,
            "markPrice": number_text(price),
            "indexPrice": index,
            "estimatedSettlePrice": index,
            "lastFundingRate": f"{rate:.8f}",
            "interestRate": INTEREST_RATE,
            "nextFundingTime": next_ms,
            "time": now_ms,
        }

    def _price(self, symbol: str, now_ms: int) -> float | None:
        newest: tuple[int, float] | None = None
        for timeframe in PRICE_TIMEFRAMES:
            candles = self._data.candles(symbol, timeframe)
            if candles is None:
                continue
            page = candles.rows(*page_rows(candles.open_time, now_ms, None, None, 1))
            if len(page):
                length_ms = timeframe_ms(timeframe)
                seen_ms = min(int(page.open_time[0]) + length_ms, now_ms)
                if newest is None or seen_ms > newest[0]:
                    newest = seen_ms, float(as_seen(page, length_ms, now_ms).close[0])
        return newest[1] if newest else None


def _settlement(symbol: str, series: FundingSeries, row: int) -> Json:
    mark = float(series.mark_price[row])
    return {
        "symbol": symbol,
        "fundingTime": int(series.time[row]),
        "fundingRate": number_text(float(series.rate[row])),
        # the exchange, too, sends an empty text where it kept no mark price
        "markPrice": "" if np.isnan(mark) else number_text(mark),
    }


def _funding_at(series: FundingSeries | None, now_ms: int) -> tuple[float, int]:
    if series is None or not len(series.time):
        return 0.0, 0
    past = int(np.searchsorted(series.time, now_ms, side="right"))
    if past < 2:
        return 0.0, int(series.time[0])
    interval_ms = round((series.time[past - 1] - series.time[past - 2]) / HOUR_MS) * HOUR_MS
    last_ms = round(series.time[past - 1] / HOUR_MS) * HOUR_MS
    return float(series.rate[past - 1]), int(last_ms + interval_ms)
