"""Hand-made markets for the sandbox's tests, written as a recording is, and a way to ask an API without a server."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from include.core.clock import parse_utc, to_ms
from include.sandbox.binance.requests import ExchangeRefusalError, refusal_response
from include.sandbox.clock import VirtualClock
from include.sandbox.market_data import CANDLE_COLUMNS, CandleSeries

HOUR = 3_600_000
FOUR_HOURS = 4 * HOUR
START = to_ms(parse_utc("2026-01-05"))


def candle_frame(symbol: str, count: int, start_ms: int = START, length_ms: int = FOUR_HOURS) -> pd.DataFrame:
    """Candle n opens at 100 + n, spans 5 below to 10 above, closes 1 higher; volume 8 + n."""
    n = np.arange(count)
    opened = 100.0 + n
    return pd.DataFrame(
        {
            "symbol": symbol,
            "open_time": start_ms + n * length_ms,
            "open": opened,
            "high": opened + 10,
            "low": opened - 5,
            "close": opened + 1,
            "volume": 8.0 + n,
        }
    )


def candle_series(**columns: Sequence[float]) -> CandleSeries:
    """Candles with the columns given; the others are unknown."""
    count = len(next(iter(columns.values())))
    values = {name: np.full(count, np.nan) for name in CANDLE_COLUMNS}
    values |= {name: np.array(column, np.float64) for name, column in columns.items() if name != "open_time"}
    times = columns.get("open_time", START + np.arange(count) * FOUR_HOURS)
    return CandleSeries(np.array(times, np.int64), **values)


def write_candles(folder: Path, timeframe: str, *frames: pd.DataFrame) -> Path:
    """Write `klines_<timeframe>.parquet` and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pd.concat(frames).to_parquet(folder / f"klines_{timeframe}.parquet", index=False)
    return folder


def stopped_clock(folder: Path, now_ms: int) -> VirtualClock:
    """A clock that stands at `now_ms`."""
    return VirtualClock(folder / "clock.json", "test", now_ms, elapsed_ms=lambda: 0)


def ask(routes: Sequence[BaseRoute], path: str, **params: Any) -> httpx.Response:
    """Answer of an application of `routes`."""
    app = Starlette(routes=list(routes), exception_handlers={ExchangeRefusalError: refusal_response})
    return ask_app(app, path, **params)


def ask_app(app: Any, path: str, **params: Any) -> httpx.Response:
    """Answer of an ASGI application to one GET."""

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as client:
            return await client.get(path, params=params)

    return asyncio.run(get())
