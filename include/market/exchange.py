"""The ccxt client of the venue: strict about what it accepts, pointed at the right host. Public data only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import ccxt

from include.config.settings import Settings
from include.core.clock import from_ms, to_ms
from include.market.errors import PERMANENT_STATUS, PermanentRefusalError, exchange_errors
from include.market.retry import Retry

_TIMEOUT_MS = 10_000
# milliseconds per unit of request weight: 2,000 a minute of the 2,400 that the venue grants an address
_MS_PER_WEIGHT = 30


class StrictBinanceUsdm(ccxt.binanceusdm):  # type: ignore[misc]  # ccxt is untyped
    """Binance USDⓈ-M that refuses what stock ccxt accepts in silence.

    A body of status 200 that is no JSON document (malformed, HTML, `null`) would otherwise come back
    as text, and candles would be made of its characters.
    """

    def handle_errors(  # noqa: D102 - documented by ccxt
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        headers: Any,
        body: str,
        response: Any,
        requestHeaders: Any,  # noqa: N803 - ccxt's names
        requestBody: Any,  # noqa: N803
    ) -> Any:
        if code < 400 and response is None:
            raise ccxt.BadResponse(f"{self.id} {method} {url} answered {code} with no JSON document: {body[:120]!r}")
        if code in PERMANENT_STATUS:
            raise PermanentRefusalError(f"{self.id} {method} {url} answered {code} {reason}: {body[:120]!r}")
        return super().handle_errors(code, reason, url, method, headers, body, response, requestHeaders, requestBody)


def open_exchange(settings: Settings) -> ccxt.Exchange:
    """Return a client of the venue, its rate limiter on, markets not loaded yet.

    In sandbox mode, or when `PERPETUA_EXCHANGE_URL` is set, every entry of `urls['api']` is pointed
    at that host with its original path; the guard of sandbox mode refuses a host that is not loopback.
    """
    exchange = StrictBinanceUsdm({"enableRateLimit": True, "rateLimit": _MS_PER_WEIGHT, "timeout": _TIMEOUT_MS})
    # markets need /fapi/v1/exchangeInfo alone: no currencies, no margin pairs, which want credentials
    exchange.has["fetchCurrencies"] = False
    exchange.options["fetchMargins"] = False
    endpoint = settings.endpoint("exchange")
    if endpoint is not None:
        exchange.urls["api"] = {
            name: endpoint.rstrip("/") + urlsplit(url).path for name, url in exchange.urls["api"].items()
        }
    return exchange


def exchange_now(exchange: ccxt.Exchange) -> datetime:
    """Return the exchange's clock, the `market_now` that decides which candles are closed."""
    with exchange_errors(exchange, "read the exchange's clock"):
        return from_ms(exchange.fetch_time())


def market_of(exchange: ccxt.Exchange, symbol: str) -> dict[str, Any]:
    """Return ccxt's description of `symbol`; an unlisted one raises `SymbolUnavailableError`."""
    with exchange_errors(exchange, f"find {symbol}"):
        market: dict[str, Any] = exchange.market(symbol)
        return market


@dataclass(frozen=True, slots=True)
class Venue:
    """An open venue: client with markets loaded, the retries of its requests, its clock when it was opened."""

    exchange: ccxt.Exchange
    retry: Retry
    market_now: datetime

    @property
    def now_ms(self) -> int:
        """The exchange's clock in epoch milliseconds."""
        return to_ms(self.market_now)


def open_venue(settings: Settings, retry: Retry | None = None) -> Venue:
    """Open the venue: load its markets once and read its clock. Errors as `errors.exchange_errors`."""
    exchange, retry = open_exchange(settings), retry or Retry()
    retry(lambda: _load_markets(exchange))
    return Venue(exchange, retry, retry(lambda: exchange_now(exchange)))


def _load_markets(exchange: ccxt.Exchange) -> None:
    with exchange_errors(exchange, "load the markets"):
        exchange.load_markets()
