"""alternative.me's fear and greed endpoint."""

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from include.core.timeframes import DAY_MS
from include.sandbox.clock import VirtualClock
from include.sandbox.market_data import FearGreedSeries, MarketData


class SentimentApi:
    """The index as published at the virtual now: a day's value appears at 00:00 UTC of that day."""

    def __init__(self, data: MarketData, clock: VirtualClock) -> None:
        self._data = data
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under alternative.me's own path."""
        return [Route("/fng/", self.fear_greed)]

    async def fear_greed(self, request: Request) -> JSONResponse:
        """Answer the newest values first; `limit=0` answers all, no limit answers one."""
        text = request.query_params.get("limit", "1")
        if not (text.isascii() and text.isdecimal()):
            return _document([], "Limit must be a number.", 400)
        series = self._data.fear_greed()
        if series is None:
            return _document([])
        now_ms = self._clock.now_ms()
        published = int(np.searchsorted(series.day, now_ms, side="right"))
        first = max(published - int(text), 0) if int(text) else 0
        values = [_value(series, row) for row in range(published - 1, first - 1, -1)]
        if values:
            values[0]["time_until_update"] = str((DAY_MS - now_ms % DAY_MS) // 1000)
        return _document(values)


def _value(series: FearGreedSeries, row: int) -> dict[str, str]:
    return {
        "value": str(series.value[row]),
        "value_classification": series.classification[row],
        "timestamp": str(series.day[row] // 1000),
    }


def _document(values: list[dict[str, str]], error: str | None = None, status: int = 200) -> JSONResponse:
    return JSONResponse({"name": "Fear and Greed Index", "data": values, "metadata": {"error": error}}, status)
