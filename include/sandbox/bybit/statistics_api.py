"""Bybit v5 statistics: open interest, and accounts that are long and short; counted back from the end of the span."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute

from include.sandbox.bybit.api import wrapped
from include.sandbox.bybit.requests import CATEGORY, category, listed_symbol, one_of, optional_whole, row_limit, span
from include.sandbox.candle_page import newest_rows
from include.sandbox.clock import VirtualClock
from include.sandbox.market_data import Floats, Instants, VenueData
from include.sandbox.numbers import number_text

PERIODS = {"5min": "5m", "15min": "15m", "30min": "30m", "1h": "1h", "4h": "4h", "1d": "1d"}
INTEREST_DEFAULT, INTEREST_MOST = 50, 200
RATIO_DEFAULT, RATIO_MOST = 50, 500
EMPTY: dict[str, Any] = {"list": [], "nextPageCursor": ""}


class StatisticsApi:
    """Statistics of `data`, as of `clock`."""

    def __init__(self, data: VenueData, clock: VirtualClock) -> None:
        self._data = data
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under the exchange's own paths."""
        answers = {"/v5/market/open-interest": self.open_interest, "/v5/market/account-ratio": self.account_ratio}
        return wrapped(answers, self._clock)

    def open_interest(self, params: QueryParams, now_ms: int) -> dict[str, Any]:
        """Return a page of open interest; of a span without an end the start is not heeded."""
        symbol = self._symbol(params)
        series = self._data.open_interest(symbol, PERIODS[one_of(params, "intervalTime", PERIODS)])
        limit = row_limit(params, INTEREST_DEFAULT, INTEREST_MOST)
        page = EMPTY if series is None else _page(params, now_ms, limit, series.time, {"openInterest": series.amount})
        return {"symbol": symbol, "category": CATEGORY, **page}

    def account_ratio(self, params: QueryParams, now_ms: int) -> dict[str, Any]:
        """Return a page of the shares of accounts that are long and short."""
        symbol = self._symbol(params)
        series = self._data.long_short(symbol, PERIODS[one_of(params, "period", PERIODS)])
        limit = row_limit(params, RATIO_DEFAULT, RATIO_MOST)
        if series is None:
            return EMPTY
        shares = {"buyRatio": series.long_share, "sellRatio": series.short_share}
        return _page(params, now_ms, limit, series.time, shares, symbol=symbol)

    def _symbol(self, params: QueryParams) -> str:
        category(params)
        return listed_symbol(params, self._data.symbols())


def _page(
    params: QueryParams, now_ms: int, limit: int, time: Instants, columns: Mapping[str, Floats], **same: str
) -> dict[str, Any]:
    start_ms, end_ms = span(params, "startTime", "endTime")
    cursor_ms = optional_whole(params, "cursor")
    since_ms = None if end_ms is None else start_ms
    first, stop = newest_rows(time, now_ms, since_ms, end_ms if cursor_ms is None else cursor_ms, limit)
    is_more = first < stop and first > 0 and (since_ms is None or int(time[first - 1]) >= since_ms)
    rows = [
        {**same, **{name: number_text(float(values[place])) for name, values in columns.items()}, "timestamp": str(at)}
        for place, at in zip(range(first, stop), time[first:stop].tolist(), strict=True)
    ]
    # the cursor is the newest time of the next page
    return {"list": rows[::-1], "nextPageCursor": str(time[first - 1]) if is_more else ""}
