"""JSON over HTTP for the sources that ccxt does not cover; httpx errors are translated here."""

import logging
from collections.abc import Mapping
from typing import Any

import httpx

from include.config.settings import Settings
from include.core.errors import ConfigurationError, InvalidInputError, RateLimitedError, TransientError
from include.market.errors import PERMANENT_STATUS, PageError, retry_after_seconds

_TIMEOUT_SECONDS = 15.0
_TEXT_LIMIT = 200
_BODY_LIMIT = 4_000

# httpx logs whole URLs at INFO, and FRED's carry the key
logging.getLogger("httpx").setLevel(logging.WARNING)


def open_client(settings: Settings, base_url: str) -> httpx.Client:
    """Return a client of `base_url`; in sandbox mode it ignores proxies of the environment."""
    return httpx.Client(base_url=base_url, timeout=_TIMEOUT_SECONDS, trust_env=not settings.is_sandbox)


def get_json(client: httpx.Client, path: str, params: Mapping[str, str | int], doing: str) -> Any:
    """Return the JSON document at `path`; parameters never appear in an error text.

    Parameters
    ----------
    client : httpx.Client
        From `open_client`.
    path, params : str, mapping
        What to ask for.
    doing : str
        What is being done, for the error text: `fetch DGS10 of FRED`.

    Raises
    ------
    RateLimitedError
        429, with the wait the source asked for.
    PageError
        A body that is no JSON document; it carries the body.
    TransientError
        Time-outs, refused connections, 408, 5xx, half bodies.
    ConfigurationError
        401, 403, 404, 451.
    InvalidInputError
        Any other refusal.
    """
    try:
        response = client.get(path, params=dict(params))
    except httpx.TransportError as error:
        raise TransientError(f"Could not {doing}: {type(error).__name__}, no complete answer.") from error
    _raise_for_status(response, doing)
    try:
        return response.json()
    except ValueError as error:
        told = f"Could not {doing}: the answer was no JSON document: {response.text[:80]!r}."
        raise PageError(told, response.text[:_BODY_LIMIT], "no_json") from error


def _raise_for_status(response: httpx.Response, doing: str) -> None:
    status = response.status_code
    if status < 300:
        return
    told = f"the source answered {status}: {' '.join(response.text.split())[:_TEXT_LIMIT]!r}."
    if status == 429:
        wait = retry_after_seconds(response.headers)
        raise RateLimitedError(f"Could not {doing}: the source asks to wait.", wait)
    if status >= 500 or status == 408:
        raise TransientError(f"Could not {doing}: {told}")
    if status in PERMANENT_STATUS or status == 401:
        raise ConfigurationError(f"Could not {doing}: {told} Hint: this does not pass by waiting; check URL and key.")
    raise InvalidInputError(f"Could not {doing}: {told}")
