"""Candle rows for tests of the lake."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from include.core.columns import CANDLES

START = datetime(2026, 1, 1, tzinfo=UTC)
FOUR_HOURS = timedelta(hours=4)


def candle(symbol: str = "BTC/USDT:USDT", number: int = 0, **changes: object) -> dict[str, object]:
    opened = START + number * FOUR_HOURS
    row: dict[str, object] = {
        "venue": "binanceusdm",
        "symbol": symbol,
        "timeframe": "4h",
        "open_time": opened,
        "open": 100.0,
        "high": 110.0,
        "low": 90.0,
        "close": 105.0,
        "volume": 7.0,
        "quote_volume": 700.0,
        "trades_count": 12,
        "taker_buy_volume": 3.0,
        "taker_buy_quote_volume": 300.0,
        "known_at": opened + FOUR_HOURS,
    }
    return row | changes


def candles(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=CANDLES.schema)
