"""Errors of the market's outside systems, translated once: ccxt here, plain HTTP in `http.py`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import ccxt

from include.core.clock import wall_now
from include.core.errors import (
    ConfigurationError,
    InvalidInputError,
    PerpetuaError,
    RateLimitedError,
    TransientError,
)

# a region or an address that is blocked stays blocked: 403 and 451; 404: no such service at this URL
PERMANENT_STATUS = frozenset({403, 404, 451})
_TEXT_LIMIT = 300


class SymbolUnavailableError(InvalidInputError):
    """The venue does not know this symbol: it fails, the others go on."""


class PageError(TransientError):
    """A page came that cannot be right: no rows where there must be some, no progress, another shape.

    Parameters
    ----------
    message : str
        What is wrong with it.
    payload : object
        The page as it came, for the quarantine; None where there is nothing to keep.
    """

    def __init__(self, message: str, payload: Any = None) -> None:
        super().__init__(message, payload)
        self.message = message
        self.payload = payload

    def __str__(self) -> str:
        return self.message


class PermanentRefusalError(ccxt.ExchangeError):  # type: ignore[misc]  # ccxt is untyped
    """Raised inside the ccxt client for an HTTP status that does not pass by waiting."""


@contextmanager
def exchange_errors(exchange: ccxt.Exchange, doing: str) -> Iterator[None]:
    """Translate the errors of ccxt, most specific first, into those of `core/errors.py`.

    Parameters
    ----------
    exchange : ccxt.Exchange
        The client in use; the wait of a rate limit is read from its last response headers.
    doing : str
        What was being done, for the error text: `fetch candles of BTC/USDT:USDT`.

    Raises
    ------
    SymbolUnavailableError
        −1121 or a symbol the venue does not list.
    RateLimitedError
        429, 418, −1003, −1015, with the wait the venue asked for.
    TransientError
        Time-outs, refused connections, 5xx, half and malformed bodies.
    ConfigurationError
        403, 404, 451: blocked here for good; bad credentials.
    InvalidInputError
        −1100, −1120, −1130: a request that must not have been made.
    """
    try:
        yield
    except ccxt.BadSymbol as error:
        raise SymbolUnavailableError(f"Could not {doing}: {_brief(error)}") from error
    except PermanentRefusalError as error:
        raise ConfigurationError(
            f"Could not {doing}: {_brief(error)} Hint: this does not pass by waiting; "
            "the service may be blocked from this region, or the URL is wrong."
        ) from error
    except (ccxt.DDoSProtection, ccxt.RateLimitExceeded) as error:
        wait = retry_after_seconds(exchange.last_response_headers or {})
        raise RateLimitedError(f"Could not {doing}: the venue asks to wait. {_brief(error)}", wait) from error
    except ccxt.OperationFailed as error:
        raise TransientError(f"Could not {doing}: {_brief(error)}") from error
    except (ccxt.BadRequest, ccxt.ArgumentsRequired, ccxt.NotSupported) as error:
        raise InvalidInputError(f"Could not {doing}: the venue refuses the request. {_brief(error)}") from error
    except ccxt.AuthenticationError as error:
        raise ConfigurationError(f"Could not {doing}: the venue refuses the credentials. {_brief(error)}") from error
    except ccxt.BaseError as error:
        raise PerpetuaError(f"Could not {doing}: {_brief(error)}") from error


def retry_after_seconds(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the wait that a `Retry-After` header asks for, None when there is none or it is unreadable.

    Both forms of RFC 9110 are read: seconds, and a date (counted from `now`, the wall clock by default).
    """
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if text.isdecimal():
        return float(text)
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return max((instant - (now or wall_now())).total_seconds(), 0.0)


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split())
    return (text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…") + "."
