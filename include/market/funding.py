"""Settled funding of one perpetual, at whatever interval it settles."""

import ccxt

from include.core.timeframes import HOUR_MS
from include.market.endpoints import endpoint
from include.market.errors import exchange_errors
from include.market.exchange import Venue, market_of
from include.market.pager import Endpoint, Fetched, fetch_all
from include.market.pages import Span

PAGE_LIMIT = 1_000
# the longest interval of the venue: a page that reaches this close to the end reached it
LONGEST_INTERVAL_MS = 8 * HOUR_MS


def fetch_fundings(venue: Venue, symbol: str, start_ms: int, end_ms: int) -> Fetched:
    """Return the fundings of `symbol` settled in [`start_ms`, `end_ms`], UTC epoch milliseconds.

    A perpetual without any settled funding yields no rows: a new one has none yet. Errors as
    `candles.fetch_candles`.
    """
    market = market_of(venue.exchange, symbol)
    span = Span(venue.exchange.id, symbol, start_ms, min(end_ms, venue.now_ms), venue.now_ms)
    return fetch_all(_endpoint(venue.exchange, market["id"], symbol), span, venue.retry)


def _endpoint(exchange: ccxt.Exchange, market_id: str, symbol: str) -> Endpoint:
    def get(start_ms: int | None, end_ms: int, limit: int) -> tuple[object, str]:
        request = {"symbol": market_id, "endTime": end_ms, "limit": limit}
        if start_ms is not None:
            request["startTime"] = start_ms
        with exchange_errors(exchange, f"fetch fundings of {symbol}"):
            return exchange.fapiPublicGetFundingRate(request), f"fundingRate {request}"

    return Endpoint(
        source="funding_rates",
        limit=PAGE_LIMIT,
        step_ms=1,
        slack_ms=LONGEST_INTERVAL_MS,
        get=get,
        check=endpoint(exchange.id, "funding_rates", market_id, "").check,
    )
