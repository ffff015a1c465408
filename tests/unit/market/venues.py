"""Open venues that ask a loopback server, for tests of what is asked and how answers are read."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from include.config.settings import Settings
from include.core.clock import from_ms
from include.market.retry import Retry, RetryPolicy
from include.market.venue import Venue, open_venue
from tests.unit.market.answers import Answer, answer
from tests.unit.market.klines import at

T = TypeVar("T")


def quick(attempts: int = 3) -> Retry:
    """Retries that do not wait unless they are told to."""
    return Retry(RetryPolicy(attempts=attempts, base_seconds=0.0))


def listing(market_id: str) -> dict[str, object]:
    """A perpetual as exchangeInfo tells of it."""
    return {
        "symbol": market_id,
        "pair": market_id,
        "contractType": "PERPETUAL",
        "status": "TRADING",
        "baseAsset": market_id.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "filters": [],
    }


def markets(*market_ids: str) -> Answer:
    """The answer of exchangeInfo."""
    return answer({"symbols": [listing(market_id) for market_id in market_ids or ("BTCUSDT",)]})


def instruments(*market_ids: str) -> Answer:
    """The answer of Bybit's instruments-info."""
    listed = [
        {
            "symbol": market_id,
            "contractType": "LinearPerpetual",
            "status": "Trading",
            "baseCoin": market_id.removesuffix("USDT"),
            "quoteCoin": "USDT",
            "settleCoin": "USDT",
            "launchTime": "1585526400000",
            "deliveryTime": "0",
            "priceFilter": {"tickSize": "0.10"},
            "lotSizeFilter": {"qtyStep": "0.001", "maxOrderQty": "100", "minOrderQty": "0.001"},
            "leverageFilter": {"minLeverage": "1", "maxLeverage": "100"},
        }
        for market_id in market_ids or ("BTCUSDT",)
    ]
    return answer({"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": listed}})


def clock(now: datetime | None = None) -> Answer:
    """Binance's clock, eleven candles of four hours after the first of `klines.py`."""
    moment = at(11) if now is None else round(now.timestamp() * 1000)
    return answer({"serverTime": moment})


def with_venue(
    settings: Settings,
    url: str,
    use: Callable[[Venue], Awaitable[T]],
    *,
    venue: str = "binanceusdm",
    retry: Retry | None = None,
) -> T:
    """Open a venue that asks at `url` and return what `use` makes of it; its clock is not asked for."""

    async def opened() -> T:
        there = settings.model_copy(update={"exchange_url": url})
        async with open_venue(there, venue, retry or quick(), from_ms(at(11))) as found:
            return await use(found)

    return asyncio.run(opened())
