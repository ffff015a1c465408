"""FRED's observations endpoint, with the real-time periods of its values.

A value exists from its publication on: daily series on the next business day at 22:00 UTC, the H.10
exchange rates on the following Monday, monthly averages on the first business day after the month. A value that was
revised later has several real-time periods, one after the other.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from include.core.timeframes import DAY_MS, HOUR_MS
from include.sandbox.calendar_us import (
    first_business_day_of_next_month,
    following_monday,
    is_monthly,
    next_business_day,
)
from include.sandbox.clock import VirtualClock
from include.sandbox.market_data import Days, Instants, MacroSeries, MarketData

WEEKLY_RELEASE = ("DTWEXBGS", "DEXJPUS")
PUBLICATION_HOUR_MS = 22 * HOUR_MS
EARLIEST, LATEST = "1776-07-04", "9999-12-31"
LIMIT = 100_000
MOST_VINTAGES = 2_000
# A series with values on fewer of its weekdays than this is not a daily one.
DAILY_SHARE = 0.8


class FredRefusalError(Exception):
    """A request that FRED answers with an error body."""


@dataclass(frozen=True, slots=True)
class _Query:
    series_id: str
    start: np.datetime64
    end: np.datetime64
    realtime_start: np.datetime64
    realtime_end: np.datetime64
    is_descending: bool
    limit: int
    offset: int


class MacroApi:
    """Macro series as published at the virtual now."""

    def __init__(self, data: MarketData, clock: VirtualClock) -> None:
        self._data = data
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under FRED's own path."""
        return [Route("/fred/series/observations", self.observations)]

    async def observations(self, request: Request) -> JSONResponse:
        """Answer the observations of one series, or FRED's error body."""
        try:
            return JSONResponse(self._observations(request.query_params))
        except FredRefusalError as refusal:
            return JSONResponse({"error_code": 400, "error_message": f"Bad Request.  {refusal}"}, 400)

    def _observations(self, params: QueryParams) -> dict[str, Any]:
        now_ms = self._clock.now_ms()
        query = _parsed(params, np.datetime64(now_ms // DAY_MS, "D"))
        series = self._data.macro(query.series_id)
        if series is None:
            raise FredRefusalError("The series does not exist.")
        rows = _visible(_with_holidays(series), query, now_ms)
        if query.is_descending:
            rows.reverse()
        return {
            "realtime_start": str(query.realtime_start),
            "realtime_end": str(query.realtime_end),
            "observation_start": str(query.start),
            "observation_end": str(query.end),
            "units": "lin",
            "output_type": 1,
            "file_type": "json",
            "order_by": "observation_date",
            "sort_order": "desc" if query.is_descending else "asc",
            "count": len(rows),
            "offset": query.offset,
            "limit": query.limit,
            "observations": rows[query.offset : query.offset + query.limit],
        }


def published_at(series_id: str, dates: Days) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return when FRED publishes the observations of `dates`, UTC epoch milliseconds.

    Parameters
    ----------
    series_id : str
        Decides between a daily and a weekly release.
    dates : datetime64[D] (n,)
        Observation days; series whose days are all firsts of a month are monthly averages.
    """
    if is_monthly(dates):
        days = first_business_day_of_next_month(dates)
    else:
        days = following_monday(dates) if series_id in WEEKLY_RELEASE else next_business_day(dates)
    return days.astype("datetime64[ms]").astype(np.int64) + PUBLICATION_HOUR_MS


def _visible(series: MacroSeries, query: _Query, now_ms: int) -> list[dict[str, str]]:
    published_ms = _published_ms(query.series_id, series)
    order = np.lexsort((published_ms, series.date))
    order = order[published_ms[order] <= now_ms]
    date, value = series.date[order], series.value[order]
    since = (published_ms[order] // DAY_MS).astype("datetime64[D]")
    _require_few_vintages(since, query)
    until = np.full(len(order), np.datetime64(LATEST))
    is_revised = np.append(date[1:] == date[:-1], False) if len(order) else np.zeros(0, bool)
    until[is_revised] = np.roll(since, -1)[is_revised] - 1
    chosen = (since <= query.realtime_end) & (until >= query.realtime_start)
    chosen &= (date >= query.start) & (date <= query.end)
    return [
        {
            "realtime_start": str(max(since[row], query.realtime_start)),
            "realtime_end": str(min(until[row], query.realtime_end)),
            "date": str(date[row]),
            "value": "." if np.isnan(value[row]) else repr(float(value[row])),
        }
        for row in np.flatnonzero(chosen)
    ]


def _published_ms(series_id: str, series: MacroSeries) -> Instants:
    by_rule = published_at(series_id, series.date)
    told = series.published.astype("datetime64[ms]").astype(np.int64) + PUBLICATION_HOUR_MS
    return np.where(np.isnat(series.published), by_rule, told)


def _require_few_vintages(since: Days, query: _Query) -> None:
    inside = since[(since >= query.realtime_start) & (since <= query.realtime_end)]
    count = len(np.unique(inside))
    if count > MOST_VINTAGES:
        raise FredRefusalError(
            f"There are {count} vintage dates in the specified real-time period: {query.realtime_start} to "
            f"{query.realtime_end}.  This exceeds the maximum number of vintage dates allowed ({MOST_VINTAGES})."
        )


def _with_holidays(series: MacroSeries) -> MacroSeries:
    # FRED lists the weekdays without a value of a daily series, with "." as their value
    if not len(series.date):
        return series
    every_day = np.arange(series.date[0], series.date[-1] + 1)
    weekdays = every_day[np.is_busday(every_day)]
    absent = np.setdiff1d(weekdays, series.date)
    if len(absent) > (1 - DAILY_SHARE) * len(weekdays):
        return series
    dates = np.concatenate([series.date, absent])
    order = np.argsort(dates, kind="stable")
    nothing, unsaid = np.full(len(absent), np.nan), np.full(len(absent), "NaT", "datetime64[D]")
    return MacroSeries(
        dates[order],
        np.concatenate([series.value, nothing])[order],
        np.concatenate([series.published, unsaid])[order],
    )


def _parsed(params: QueryParams, today: np.datetime64) -> _Query:
    if not params.get("api_key"):
        raise FredRefusalError(
            "Variable api_key is not set.  Read https://fred.stlouisfed.org/docs/api/api_key.html for more information."
        )
    if params.get("file_type") != "json":
        raise FredRefusalError("Value of file_type is not one of: 'json'.")
    if not params.get("series_id"):
        raise FredRefusalError("Variable series_id is not set.")
    order = params.get("sort_order", "asc")
    if order not in ("asc", "desc"):
        raise FredRefusalError("Value of sort_order is not one of: 'asc', 'desc'.")
    query = _Query(
        series_id=params["series_id"],
        start=_day(params, "observation_start", EARLIEST),
        end=_day(params, "observation_end", LATEST),
        realtime_start=_day(params, "realtime_start", str(today)),
        realtime_end=_day(params, "realtime_end", str(today)),
        is_descending=order == "desc",
        limit=_whole(params, "limit", LIMIT, 1, LIMIT),
        offset=_whole(params, "offset", 0, 0, 2**31),
    )
    if query.realtime_start > query.realtime_end:
        raise FredRefusalError("The value of realtime_start should be less than or equal to realtime_end.")
    return query


def _day(params: QueryParams, name: str, default: str) -> np.datetime64:
    text = params.get(name) or default
    try:
        day = np.datetime64(text, "D")
    except ValueError:
        raise FredRefusalError(f"Value of {name} is not a date in the format YYYY-MM-DD.") from None
    if str(day) != text:
        raise FredRefusalError(f"Value of {name} is not a date in the format YYYY-MM-DD.")
    return day


def _whole(params: QueryParams, name: str, default: int, least: int, most: int) -> int:
    text = params.get(name) or str(default)
    if not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
        raise FredRefusalError(f"Value of {name} is not between {least} and {most}.")
    return int(text)
