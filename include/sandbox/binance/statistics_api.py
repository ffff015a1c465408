"""Binance USDⓈ-M statistics under `/futures/data/`: kept for 30 days, counted back from the end of the span."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from include.core.timeframes import DAY_MS, TIMEFRAMES_MS
from include.sandbox.binance.requests import (
    ExchangeRefusalError,
    listed_pair,
    listed_symbol,
    mandatory,
    optional_whole,
    row_limit,
)
from include.sandbox.candle_page import newest_rows
from include.sandbox.clock import VirtualClock
from include.sandbox.market_data import CandleSeries, Instants, MarketData
from include.sandbox.numbers import number_texts

PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")
CONTRACT_TYPES = ("CURRENT_QUARTER", "NEXT_QUARTER", "PERPETUAL")
PERPETUAL = "PERPETUAL"
DEFAULT, MOST = 30, 500
KEPT_MS = 30 * DAY_MS

# texts of each column of the rows of a slice
Columns = Callable[[slice], Mapping[str, Sequence[Any]]]


class StatisticsApi:
    """Open interest, long/short accounts, taker volumes and basis of `data`, as of `clock`."""

    def __init__(self, data: MarketData, clock: VirtualClock) -> None:
        self._data = data
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under the exchange's own paths."""
        return [
            Route("/futures/data/openInterestHist", self.open_interest),
            Route("/futures/data/globalLongShortAccountRatio", self.long_short),
            Route("/futures/data/takerlongshortRatio", self.taker_ratio),
            Route("/futures/data/basis", self.basis),
        ]

    async def open_interest(self, request: Request) -> JSONResponse:
        """Answer a page of open interest."""
        params = request.query_params
        symbol = listed_symbol(params, self._data.symbols())
        series = self._data.open_interest(symbol, _period(params))
        if series is None:
            return self._page(params)

        def columns(rows: slice) -> Mapping[str, Sequence[Any]]:
            amount, value = number_texts(series.amount[rows]), number_texts(series.value[rows])
            return {"sumOpenInterest": amount, "sumOpenInterestValue": value}

        return self._page(params, series.time, columns, symbol=symbol)

    async def long_short(self, request: Request) -> JSONResponse:
        """Answer a page of accounts that are long and short."""
        params = request.query_params
        symbol = listed_symbol(params, self._data.symbols())
        series = self._data.long_short(symbol, _period(params))
        if series is None:
            return self._page(params)

        def columns(rows: slice) -> Mapping[str, Sequence[Any]]:
            return {
                "longAccount": number_texts(series.long_share[rows]),
                "longShortRatio": number_texts(series.ratio[rows]),
                "shortAccount": number_texts(series.short_share[rows]),
            }

        return self._page(params, series.time, columns, symbol=symbol)

    async def taker_ratio(self, request: Request) -> JSONResponse:
        """Answer a page of what takers bought and sold, of periods that are over; its time is when they began."""
        params = request.query_params
        symbol, period = listed_symbol(params, self._data.symbols()), _period(params)
        candles = self._data.candles(symbol, period)
        if candles is None:
            return self._page(params)
        bought, sold, time = _taker_volumes(candles)

        def columns(rows: slice) -> Mapping[str, Sequence[Any]]:
            return {
                "buySellRatio": [f"{ratio:.4f}" for ratio in (bought[rows] / sold[rows]).tolist()],
                "sellVol": number_texts(sold[rows]),
                "buyVol": number_texts(bought[rows]),
            }

        return self._page(params, time, columns, told_later_ms=TIMEFRAMES_MS[period])

    async def basis(self, request: Request) -> JSONResponse:
        """Answer a page of the perpetual's price over its index; there are no quarterly contracts."""
        params = request.query_params
        pair, period = listed_pair(params, self._data.symbols()), _period(params)
        contract = mandatory(params, "contractType")
        if contract not in CONTRACT_TYPES:
            raise _invalid("contractType")
        series = self._data.basis(pair, period) if contract == PERPETUAL else None
        if series is None:
            return self._page(params)

        def columns(rows: slice) -> Mapping[str, Sequence[Any]]:
            futures, index = series.futures_price[rows], series.index_price[rows]
            difference = np.round(futures - index, 8)
            return {
                "indexPrice": number_texts(index),
                "basisRate": [f"{rate:.4f}" for rate in (np.round(difference / index, 4) + 0.0).tolist()],
                "futuresPrice": number_texts(futures),
                "basis": number_texts(difference),
            }

        return self._page(params, series.time, columns, pair=pair, contractType=contract, annualizedBasisRate="")

    def _page(
        self,
        params: QueryParams,
        time: Instants | None = None,
        columns: Columns = lambda _: {},
        told_later_ms: int = 0,
        **same: str,
    ) -> JSONResponse:
        now_ms = self._clock.now_ms()
        limit = row_limit(params, DEFAULT, MOST)
        start_ms, end_ms = (_kept(params, name, now_ms) for name in ("startTime", "endTime"))
        if time is None:
            return JSONResponse([])
        since_ms = now_ms - KEPT_MS if start_ms is None else start_ms
        rows = slice(*newest_rows(time, now_ms - told_later_ms, since_ms, end_ms, limit))
        told = {**columns(rows), "timestamp": time[rows].tolist()}
        return JSONResponse([{**same, **dict(zip(told, row, strict=True))} for row in zip(*told.values(), strict=True)])


def _taker_volumes(candles: CandleSeries) -> tuple[Any, Any, Instants]:
    sold = np.round(candles.volume - candles.taker_buy_volume, 8)
    # without sales there is no ratio; where the source does not know them, neither
    is_known = sold > 0
    return candles.taker_buy_volume[is_known], sold[is_known], candles.open_time[is_known]


def _period(params: QueryParams) -> str:
    period = mandatory(params, "period")
    if period not in PERIODS:
        raise _invalid("period")
    return period


def _kept(params: QueryParams, name: str, now_ms: int) -> int | None:
    at_ms = optional_whole(params, name)
    if at_ms is not None and at_ms < now_ms - KEPT_MS:
        raise _invalid(name)
    return at_ms


def _invalid(name: str) -> ExchangeRefusalError:
    return ExchangeRefusalError(-1130, f"parameter '{name}' is invalid.")
