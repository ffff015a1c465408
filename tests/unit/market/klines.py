"""Raw klines as the venue spells them."""

from datetime import UTC, datetime

from include.core.clock import to_ms
from include.market.pages import Span

SYMBOL = "BTC/USDT:USDT"
HOURS_4 = 14_400_000
START = to_ms(datetime(2026, 1, 1, tzinfo=UTC))


def at(number: float) -> int:
    return START + int(number * HOURS_4)


def kline(number: int, **changes: object) -> list[object]:
    fields: dict[str, object] = {
        "open_time": at(number),
        "open": "100.0",
        "high": "110.0",
        "low": "90.0",
        "close": "105.0",
        "volume": "7.5",
        "close_time": at(number + 1) - 1,
        "quote_volume": "770.25",
        "trades": 12,
        "taker": "3.5",
        "taker_quote": "360.5",
        "unused": "0",
    }
    return list((fields | changes).values())


def span(first: float = 0, last: float = 9, now: float = 11) -> Span:
    return Span("binanceusdm", SYMBOL, at(first), at(last), at(now))
