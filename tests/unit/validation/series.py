"""Candle series made by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from include.core.clock import to_ms
from include.core.timeframes import timeframe_ms
from include.validation.candle_series import CandleSeries
from tests.unit.lake.rows import START


def series(
    closes: Sequence[float],
    *,
    symbol: str = "BTC/USDT:USDT",
    timeframe: str = "4h",
    venue: str = "binanceusdm",
    since: int = 0,
    **changes: Any,
) -> CandleSeries:
    """Candles from START on that close at `closes`, a little wider than their bodies, judged from position `since`."""
    close = np.asarray(closes, float)
    opened = np.concatenate([close[:1], close[:-1]])
    times = to_ms(START) + timeframe_ms(timeframe) * np.arange(len(close))
    numbers = {
        "open_time": times,
        "open": opened,
        "high": np.maximum(opened, close) * 1.001,
        "low": np.minimum(opened, close) * 0.999,
        "close": close,
        "volume": np.arange(1.0, len(close) + 1),
        "repeated": np.zeros(0, np.int64),
    }
    return CandleSeries(
        venue=venue,
        symbol=symbol,
        timeframe=timeframe,
        since_ms=int(times[since]) if len(times) else 0,
        **(numbers | changes),
    )


def walk(count: int, seed: int = 0, move: float = 0.01, start: float = 100.0) -> np.ndarray:
    """Closes of a random walk."""
    return np.asarray(start * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, move, count))))
