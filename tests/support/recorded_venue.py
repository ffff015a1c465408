"""The recorded series served over loopback as the venues serve them, and a walk over them with the real client.

Binance's statistics and Bybit answer the newest rows of what was asked for, Bybit newest first.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import ccxt
import pandas as pd
import pyarrow as pa

from include.market.endpoint import Endpoint
from include.market.endpoints import endpoint
from include.market.pages import CheckedPage, Span
from tests.support.recorded import recorded
from tests.unit.market.answers import Answer, answer, answering

Params = dict[str, str]
Row = dict[str, Any]
ASKED_AT_ONCE = 30  # a request that a venue would not answer whole shows as missing rows


@contextmanager
def serving(venue: str) -> Iterator[ccxt.Exchange]:
    """Serve what was recorded of a venue, and yield a client that asks there."""
    with answering(_RESPOND[venue]) as (url, _):
        yield client(venue, url)


def client(venue: str, url: str) -> ccxt.Exchange:
    """Return a client of a venue that asks at `url`."""
    exchange = getattr(ccxt, venue)({"enableRateLimit": False})
    exchange.urls["api"] = {
        name: url + urlsplit(place).path for name, place in exchange.urls["api"].items() if isinstance(place, str)
    }
    return exchange


def walk(exchange: ccxt.Exchange, found: Endpoint, span: Span) -> CheckedPage:
    """Return all pages of a series as one, asked for window by window, or from record to record."""
    pages = list(_pages(exchange, found, span))
    return CheckedPage(
        pa.concat_tables([page.rows for page in pages]),
        tuple(told for page in pages for told in page.refused),
        max((page.newest_ms for page in pages if page.newest_ms is not None), default=None),
        sum(page.count for page in pages),
    )


def _pages(exchange: ccxt.Exchange, found: Endpoint, span: Span) -> Iterator[CheckedPage]:
    start_ms = span.start_ms
    while start_ms <= span.end_ms:
        end_ms = span.end_ms if found.window_ms is None else min(start_ms + found.window_ms - 1, span.end_ms)
        call = found.call(start_ms, end_ms, found.limit)
        rows = found.unwrap(getattr(exchange, call.method)(dict(call.params)))
        page = found.check(rows, replace(span, start_ms=start_ms, end_ms=end_ms))
        yield page
        if found.window_ms is not None:
            start_ms = end_ms + 1
        elif page.newest_ms is None or page.count < found.limit:
            return
        else:
            start_ms = page.newest_ms + found.step_ms


def everything(
    venue: str, series: str, market_id: str, timeframe: str, exchange: ccxt.Exchange, times: "pd.Series[int]"
) -> CheckedPage:
    """Return a series of one market over the whole span of `times`."""
    first, last = int(times.min()), int(times.max())
    span = Span(venue, f"{market_id.removesuffix('USDT')}/USDT:USDT", first, last, last + 86_400_000)
    return walk(exchange, endpoint(venue, series, market_id, timeframe), span)


def interest(timeframe: str) -> pd.DataFrame:
    """Return the recorded open interest."""
    return pd.read_parquet(recorded(f"open_interest_{timeframe}.parquet"))


def long_short() -> pd.DataFrame:
    """Return the recorded hourly ratio of BTC."""
    return pd.read_parquet(recorded("long_short_ratio_1h_btc.parquet"))


def bybit_candles() -> pd.DataFrame:
    """Return the recorded daily candles of Bybit."""
    return pd.read_parquet(recorded("bybit_klines_1d.parquet"))


def bybit_fundings() -> pd.DataFrame:
    """Return the recorded settlements of Bybit."""
    frame = pd.read_parquet(recorded("arb_funding_binance_bybit.parquet"))
    return frame[frame["exchange"] == "bybit"]


def _text(value: float) -> str:
    return format(Decimal(repr(float(value))), "f")


def _chosen(frame: pd.DataFrame, time: str, params: Params, names: tuple[str, str], most: int) -> list[Row]:
    first, last = (int(params[name]) for name in names)
    limit = int(params["limit"])
    assert limit <= most, f"a page has {most} rows at most"
    of_market = frame[frame["symbol"] == params["symbol"]]
    asked = of_market[(of_market[time] >= first) & (of_market[time] <= last)]
    return asked.sort_values(time).tail(limit).to_dict("records")


def _statistics(frame: pd.DataFrame, params: Params, spell: Callable[[Row], Row]) -> Answer:
    rows = _chosen(frame, "timestamp", params, ("startTime", "endTime"), 500)
    return answer([{"symbol": params["symbol"], "timestamp": row["timestamp"], **spell(row)} for row in rows])


def _binance(path: str, params: Params) -> Answer:
    if path == "/futures/data/openInterestHist":
        names = {"sumOpenInterest": "sum_open_interest", "sumOpenInterestValue": "sum_open_interest_value"}
        frame = interest(params["period"])
    else:
        assert path == "/futures/data/globalLongShortAccountRatio"
        names = {"longShortRatio": "long_short_ratio", "longAccount": "long_account", "shortAccount": "short_account"}
        frame = long_short()
    return _statistics(frame, params, lambda row: {name: _text(row[column]) for name, column in names.items()})


def _bybit(path: str, params: Params) -> Answer:
    if path == "/v5/market/kline":
        assert params["interval"] == "D"
        rows = _chosen(_CANDLES(), "open_time", params, ("start", "end"), 1_000)
        numbers = ("open", "high", "low", "close", "volume", "turnover")
        page = [[str(row["open_time"]), *(_text(row[name]) for name in numbers)] for row in rows]
        return _enveloped(page, symbol=params["symbol"])
    assert path == "/v5/market/funding/history"
    rows = _chosen(_FUNDINGS(), "funding_time", params, ("startTime", "endTime"), 200)
    told = [
        {
            "symbol": row["symbol"],
            "fundingRate": _text(row["funding_rate"]),
            "fundingRateTimestamp": str(row["funding_time"]),
        }
        for row in rows
    ]
    return _enveloped(told)


def _enveloped(rows: list[Any], **told: str) -> Answer:
    result = {"category": "linear", **told, "list": rows[::-1]}
    return answer({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": 1})


class _Once:
    """A recorded file that is read when it is first asked for."""

    def __init__(self, read: Callable[[], pd.DataFrame]) -> None:
        self._read, self._frame = read, None

    def __call__(self) -> pd.DataFrame:
        if self._frame is None:
            self._frame = self._read()
        return self._frame


_CANDLES, _FUNDINGS = _Once(bybit_candles), _Once(bybit_fundings)
_RESPOND = {"binanceusdm": _binance, "bybit": _bybit}
