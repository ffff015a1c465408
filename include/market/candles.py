"""Closed candles of one perpetual, all twelve fields."""

import ccxt

from include.core.timeframes import floor_to_timeframe, timeframe_ms
from include.market.endpoints import endpoint
from include.market.errors import SymbolUnavailableError, exchange_errors
from include.market.exchange import Venue, market_of
from include.market.pager import Endpoint, Fetched, fetch_all
from include.market.pages import Span

# weight 2 instead of 5: the most candles per unit of the venue's request weight
PAGE_LIMIT = 499


def fetch_candles(venue: Venue, symbol: str, timeframe: str, start_ms: int, end_ms: int) -> Fetched:
    """Return the closed candles of `symbol` that open in [`start_ms`, `end_ms`].

    The raw call is used: ccxt's `fetch_ohlcv` drops quote volume, trades and taker volume.

    Parameters
    ----------
    venue : Venue
        Client, retries and the exchange's clock: a candle that is not closed by it is left out.
    symbol, timeframe : str
        Unified symbol and ccxt timeframe.
    start_ms, end_ms : int
        UTC epoch milliseconds; `start_ms` is rounded up to the candle grid.

    Raises
    ------
    SymbolUnavailableError
        The venue does not list the symbol, or has no candle of it in the span.
    TransientError
        The venue failed more often than the retries allow.
    """
    market = market_of(venue.exchange, symbol)
    length = timeframe_ms(timeframe)
    last_closed = floor_to_timeframe(venue.now_ms, timeframe) - length
    span = Span(venue.exchange.id, symbol, -(-start_ms // length) * length, min(end_ms, last_closed), venue.now_ms)
    fetched = fetch_all(_endpoint(venue.exchange, market["id"], symbol, timeframe), span, venue.retry)
    if fetched.reached_ms is None:
        raise SymbolUnavailableError(
            f"The venue has no {timeframe} candles of {symbol} in the span that was asked for."
        )
    return fetched


def _endpoint(exchange: ccxt.Exchange, market_id: str, symbol: str, timeframe: str) -> Endpoint:
    def get(start_ms: int | None, end_ms: int, limit: int) -> tuple[object, str]:
        request = {"symbol": market_id, "interval": timeframe, "endTime": end_ms, "limit": limit}
        if start_ms is not None:
            request["startTime"] = start_ms
        with exchange_errors(exchange, f"fetch candles of {symbol}"):
            return exchange.fapiPublicGetKlines(request), f"klines {request}"

    return Endpoint(
        source="candles",
        limit=PAGE_LIMIT,
        step_ms=timeframe_ms(timeframe),
        slack_ms=0,
        get=get,
        check=endpoint(exchange.id, "candles", market_id, timeframe).check,
    )
