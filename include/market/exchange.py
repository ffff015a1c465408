"""The ccxt client of a venue: strict about what it accepts, pointed at the right host. Public data only."""

from typing import Any
from urllib.parse import urlsplit

import aiohttp
import ccxt
import ccxt.async_support

from include.config.settings import Settings
from include.config.venues import VenueFacts, venue_facts
from include.market.errors import PERMANENT_STATUS, NoDocumentError, PermanentRefusalError, retry_after_seconds

_BODY_LIMIT = 4_000


class _Strict:
    """What every client refuses though stock ccxt accepts it in silence.

    A body of status 200 that is no JSON document (malformed, HTML, `null`) would otherwise come back as text, and
    candles would be made of its characters. A half body would be an error that nobody tries again.
    """

    id: str
    facts: VenueFacts

    async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        try:
            return await super().fetch(url, method, headers, body)  # type: ignore[misc]  # of the ccxt class beside it
        except ccxt.ExchangeError as error:
            if isinstance(error.__cause__, aiohttp.ClientError):
                raise ccxt.NetworkError(f"{error}: {error.__cause__}") from error
            raise

    def handle_errors(
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
    ) -> None:
        told = f"{self.id} {method} {url} answered {code} {reason}: {body[:120]!r}"
        try:
            self._refuse(code, body, response, told)
            super().handle_errors(  # type: ignore[misc]
                code, reason, url, method, headers, body, response, requestHeaders, requestBody
            )
            self.handle_http_status_code(code, reason, url, method, body)  # type: ignore[attr-defined]
        except (ccxt.DDoSProtection, ccxt.RateLimitExceeded) as error:
            # headers travel with the error: other requests of this client are on their way
            if not hasattr(error, "wait_seconds"):
                error.wait_seconds = retry_after_seconds(headers)
            raise

    def _refuse(self, code: int, body: str, response: Any, told: str) -> None:
        if code < 400 and response is None:
            raise NoDocumentError(f"{told}, no JSON document", body[:_BODY_LIMIT])
        for ban in self.facts.bans:
            if code == ban.status and ban.text in body:
                error = ccxt.DDoSProtection(told)
                error.wait_seconds = ban.wait_seconds
                raise error
        if code in PERMANENT_STATUS:
            raise PermanentRefusalError(told)


def open_exchange(settings: Settings, venue: str | None = None) -> Any:
    """Return an asynchronous client of the venue, ccxt's own rate limiter off, markets not loaded yet.

    In sandbox mode, or when `PERPETUA_EXCHANGE_URL` is set for the traded venue, every entry of `urls['api']` is
    pointed at that host with its original path; the guard of sandbox mode refuses a host that is not loopback.

    Parameters
    ----------
    settings : Settings
        Where the outside world is.
    venue : str or None
        ccxt id; None is the traded venue.

    Returns
    -------
    ccxt.async_support.Exchange
        To be closed with `await exchange.close()` by whoever uses it.
    """
    venue = venue or settings.venue
    facts = venue_facts(venue)
    client = type(f"Strict_{venue}", (_Strict, getattr(ccxt.async_support, venue)), {"facts": facts})
    exchange = client({"enableRateLimit": False, "timeout": facts.timeout_seconds * 1_000, "options": facts.options})
    # waiting after a close is for sockets of the push API, of which none is opened here
    exchange.timeout_on_exit = 0
    exchange.has.update(facts.has)
    exchange.exceptions["broad"].update(dict.fromkeys(facts.unknown_symbol, ccxt.BadSymbol))
    exchange.exceptions["exact"].update(dict.fromkeys(facts.passing_codes, ccxt.ExchangeNotAvailable))
    endpoint = settings.endpoint("exchange") if settings.is_sandbox or venue == settings.venue else None
    if endpoint is not None:
        exchange.urls["api"] = {name: _moved(url, endpoint) for name, url in exchange.urls["api"].items()}
    return exchange


def _moved(url: Any, endpoint: str) -> Any:
    if isinstance(url, dict):
        return {name: _moved(entry, endpoint) for name, entry in url.items()}
    return endpoint.rstrip("/") + urlsplit(url).path
