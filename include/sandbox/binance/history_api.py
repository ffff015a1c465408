"""Binance USDⓈ-M history: candles, candles of prices that are not traded, settled funding.

Limits are `request_budget`'s, page selection `candle_page`'s.
"""

from collections.abc import Awaitable, Callable
from math import isnan

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from include.core.timeframes import timeframe_ms
from include.sandbox.binance.requests import (
    known_interval,
    listed_pair,
    listed_symbol,
    optional_whole,
    row_limit,
)
from include.sandbox.candle_page import page_of, page_rows
from include.sandbox.clock import VirtualClock
from include.sandbox.market_data import CandleSeries, FundingSeries, MarketData, PriceKind
from include.sandbox.numbers import number_text, number_texts

KLINES_DEFAULT, KLINES_MOST = 500, 1500
FUNDING_DEFAULT, FUNDING_MOST = 100, 1000
PRICES: dict[str, PriceKind] = {
    "/fapi/v1/markPriceKlines": "mark",
    "/fapi/v1/indexPriceKlines": "index",
    "/fapi/v1/premiumIndexKlines": "premium",
}

Row = tuple[int | str | None, ...]
Json = dict[str, str | int]


class HistoryApi:
    """Candles and funding of `data`, as of `clock`."""

    def __init__(self, data: MarketData, clock: VirtualClock) -> None:
        self._data = data
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under the exchange's own paths."""
        return [
            Route("/fapi/v1/klines", self.klines),
            *(Route(path, self._price_klines(kind)) for path, kind in PRICES.items()),
            Route("/fapi/v1/fundingRate", self.funding_rate),
        ]

    async def klines(self, request: Request) -> JSONResponse:
        """Answer a page of candles, the one still open included."""
        symbol = listed_symbol(request.query_params, self._data.symbols())
        candles = self._data.candles(symbol, known_interval(request.query_params))
        return self._page(request, candles, kline_rows)

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

    def _price_klines(self, kind: PriceKind) -> Callable[[Request], Awaitable[JSONResponse]]:
        async def answer(request: Request) -> JSONResponse:
            params, listed = request.query_params, self._data.symbols()
            symbol = listed_pair(params, listed) if kind == "index" else listed_symbol(params, listed)
            candles = self._data.price_candles(symbol, kind, known_interval(params))
            return self._page(request, candles, price_rows)

        return answer

    def _page(
        self, request: Request, candles: CandleSeries | None, rows: Callable[[CandleSeries, int], list[Row]]
    ) -> JSONResponse:
        params = request.query_params
        limit = row_limit(params, KLINES_DEFAULT, KLINES_MOST)
        start_ms, end_ms = optional_whole(params, "startTime"), optional_whole(params, "endTime")
        if candles is None:
            return JSONResponse([])
        now_ms, length_ms = self._clock.now_ms(), timeframe_ms(params["interval"])
        chosen = page_rows(candles.open_time, now_ms, start_ms, end_ms, limit)
        return JSONResponse(rows(page_of(candles, chosen, length_ms, now_ms), length_ms))


def kline_rows(candles: CandleSeries, length_ms: int) -> list[Row]:
    """Return the twelve fields of each candle as the exchange spells them; what is not known is None."""
    open_times = candles.open_time.tolist()
    return list(
        zip(
            open_times,
            *(number_texts(getattr(candles, name)) for name in ("open", "high", "low", "close", "volume")),
            [open_time + length_ms - 1 for open_time in open_times],
            number_texts(candles.quote_volume),
            [None if isnan(count) else int(count) for count in candles.trades.tolist()],
            number_texts(candles.taker_buy_volume),
            number_texts(candles.taker_buy_quote_volume),
            ["0"] * len(open_times),
            strict=True,
        )
    )


def price_rows(candles: CandleSeries, length_ms: int) -> list[Row]:
    """Return the twelve fields of candles without trades: zeros, and the seconds of a candle, stand in their place."""
    open_times = candles.open_time.tolist()
    return [
        (*row, "0", row[0] + length_ms - 1, "0", length_ms // 1000, "0", "0", "0")
        for row in zip(
            open_times,
            *(number_texts(getattr(candles, name)) for name in ("open", "high", "low", "close")),
            strict=True,
        )
    ]


def _settlement(symbol: str, series: FundingSeries, row: int) -> Json:
    mark = float(series.mark_price[row])
    return {
        "symbol": symbol,
        "fundingTime": int(series.time[row]),
        "fundingRate": number_text(float(series.rate[row])),
        # the exchange, too, sends an empty text where it kept no mark price
        "markPrice": "" if np.isnan(mark) else number_text(mark),
    }
