"""Bybit v5 history: candles, candles of prices that are not traded, funding; the newest row comes first."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute

from include.core.timeframes import timeframe_ms
from include.sandbox.bybit.api import Answer, wrapped
from include.sandbox.bybit.requests import (
    CATEGORY,
    BybitRefusalError,
    category,
    listed_symbol,
    one_of,
    row_limit,
    span,
)
from include.sandbox.candle_page import newest_rows, page_of, page_rows
from include.sandbox.clock import VirtualClock
from include.sandbox.market_data import CandleSeries, PriceKind, VenueData
from include.sandbox.numbers import number_text, number_texts

# the exchange's intervals and ours; of the others the market holds no candles
INTERVALS = {"1": "1m", "5": "5m", "15": "15m", "60": "1h", "240": "4h", "D": "1d"}
OTHER_INTERVALS = ("3", "30", "120", "360", "720", "W", "M")
KLINES_DEFAULT, KLINES_MOST = 200, 1000
FUNDING_DEFAULT, FUNDING_MOST = 200, 200
PRICES: dict[str, PriceKind] = {
    "/v5/market/mark-price-kline": "mark",
    "/v5/market/index-price-kline": "index",
    "/v5/market/premium-index-price-kline": "premium",
}
CANDLE_COLUMNS = ("open", "high", "low", "close", "volume", "quote_volume")
PRICE_COLUMNS = CANDLE_COLUMNS[:4]


class HistoryApi:
    """Candles and funding of `data`, as of `clock`."""

    def __init__(self, data: VenueData, clock: VirtualClock) -> None:
        self._data = data
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under the exchange's own paths."""
        answers: dict[str, Answer] = {
            "/v5/market/kline": self._klines(self._data.candles, CANDLE_COLUMNS),
            "/v5/market/funding/history": self.funding,
        }
        for path, kind in PRICES.items():
            answers[path] = self._klines(self._prices(kind), PRICE_COLUMNS)
        return wrapped(answers, self._clock)

    def funding(self, params: QueryParams, now_ms: int) -> dict[str, Any]:
        """Return a page of settlements; a start without an end is refused."""
        category(params)
        symbol = listed_symbol(params, self._data.symbols())
        limit = row_limit(params, FUNDING_DEFAULT, FUNDING_MOST)
        start_ms, end_ms = span(params, "startTime", "endTime")
        if start_ms is not None and end_ms is None:
            raise BybitRefusalError("params error: Time is invalid")
        series = self._data.funding(symbol)
        if series is None:
            return {"category": CATEGORY, "list": []}
        first, stop = newest_rows(series.time, now_ms, start_ms, end_ms, limit)
        rows = [
            {
                "symbol": symbol,
                "fundingRate": number_text(float(series.rate[row])),
                # this venue stamps its settlements to the minute
                "fundingRateTimestamp": str(int(series.time[row]) // 60_000 * 60_000),
            }
            for row in range(stop - 1, first - 1, -1)
        ]
        return {"category": CATEGORY, "list": rows}

    def _prices(self, kind: PriceKind) -> Callable[[str, str], CandleSeries | None]:
        return lambda symbol, timeframe: self._data.price_candles(symbol, kind, timeframe)

    def _klines(self, candles_of: Callable[[str, str], CandleSeries | None], columns: Sequence[str]) -> Answer:
        def answer(params: QueryParams, now_ms: int) -> dict[str, Any]:
            category(params)
            symbol = listed_symbol(params, self._data.symbols())
            interval = one_of(params, "interval", (*INTERVALS, *OTHER_INTERVALS))
            limit = row_limit(params, KLINES_DEFAULT, KLINES_MOST)
            start_ms, end_ms = span(params, "start", "end")
            timeframe = INTERVALS.get(interval)
            candles = candles_of(symbol, timeframe) if timeframe else None
            rows: list[list[str | None]] = []
            if candles is not None and timeframe is not None:
                length_ms = timeframe_ms(timeframe)
                chosen = _chosen(candles, now_ms, start_ms, end_ms, limit, length_ms)
                rows = kline_rows(page_of(candles, chosen, length_ms, now_ms), columns)
            return {"category": CATEGORY, "symbol": symbol, "list": rows}

        return answer


def kline_rows(candles: CandleSeries, columns: Sequence[str]) -> list[list[str | None]]:
    """Return rows of texts, newest first; a turnover that is not known is empty."""
    texts = [number_texts(getattr(candles, name)) for name in columns]
    rows = zip(map(str, candles.open_time.tolist()), *texts, strict=True)
    return [["" if cell is None else cell for cell in row] for row in rows][::-1]


def _chosen(
    candles: CandleSeries, now_ms: int, start_ms: int | None, end_ms: int | None, limit: int, length_ms: int
) -> tuple[int, int]:
    # the candle that contains the start counts as from it on
    since_ms = None if start_ms is None else start_ms - start_ms % length_ms
    if end_ms is None:
        return page_rows(candles.open_time, now_ms, since_ms, None, limit)
    return newest_rows(candles.open_time, now_ms, since_ms, end_ms, limit)
