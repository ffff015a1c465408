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
# why a whole page is refused, as `PageError.reason` says
PAGE_REASONS = ("page_shape", "no_json", "no_progress", "empty_page")
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
    reason : str
        Reason code: one of `PAGE_REASONS`.

    Attributes
    ----------
    refused : tuple of Refused
        All pages that came wrong before this error was given up on; filled by the pager.
    """

    refused: tuple[Any, ...] = ()

    def __init__(self, message: str, payload: Any = None, reason: str = "page_shape") -> None:
        super().__init__(message, payload, reason)
        self.message = message
        self.payload = payload
        self.reason = reason

    def __str__(self) -> str:
        return self.message


class MaintenanceError(TransientError):
    """The venue says that it is under maintenance."""


class PermanentRefusalError(ccxt.ExchangeError):  # type: ignore[misc]  # ccxt is untyped
    """Raised inside the ccxt client for an HTTP status that does not pass by waiting."""


class NoDocumentError(ccxt.BadResponse):  # type: ignore[misc]
    """Raised inside the ccxt client for a body of status 200 that is no JSON document; it carries the body."""

    def __init__(self, message: str, body: str) -> None:
        super().__init__(message, body)
        self.message, self.body = message, body

    def __str__(self) -> str:
        return self.message


@contextmanager
def exchange_errors(doing: str) -> Iterator[None]:
    """Translate the errors of a strict client, most specific first, into those of `core/errors.py`.

    Parameters
    ----------
    doing : str
        What was being done, for the error text: `fetch candles of BTC/USDT:USDT`.

    Raises
    ------
    SymbolUnavailableError
        −1121, `symbol invalid`, or a symbol the venue does not list.
    RateLimitedError
        429, 418, −1003, −1015, 10006, 10018, with the wait the venue asked for.
    PageError
        A body that is no JSON document; it carries the body.
    TransientError
        Time-outs, refused connections, 5xx, half bodies; `MaintenanceError` under maintenance.
    ConfigurationError
        403, 404, 451: blocked here for good; bad credentials.
    InvalidInputError
        −1100, −1120, −1130, 10001: a request that must not have been made.
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
        wait = getattr(error, "wait_seconds", None)
        raise RateLimitedError(f"Could not {doing}: the venue asks to wait. {_brief(error)}", wait) from error
    except NoDocumentError as error:
        raise PageError(f"Could not {doing}: {_brief(error)}", error.body, "no_json") from error
    except ccxt.OnMaintenance as error:
        raise MaintenanceError(f"Could not {doing}: {_brief(error)}") from error
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
