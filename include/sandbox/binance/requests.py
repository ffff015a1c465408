"""How the exchange reads its parameters and words its refusals."""

from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse

from include.sandbox.market_data import INTERVALS


@dataclass
class ExchangeRefusalError(Exception):
    """A request that the exchange answers with an error body."""

    code: int
    message: str
    status: int = 400


def refusal_response(_: Request, error: Exception) -> JSONResponse:
    """Return the exchange's error body of an `ExchangeRefusalError`."""
    if not isinstance(error, ExchangeRefusalError):
        raise error
    return JSONResponse({"code": error.code, "msg": error.message}, error.status)


def mandatory(params: QueryParams, name: str) -> str:
    """Return parameter `name`, refused with −1102 when it is missing or empty."""
    value = params.get(name, "")
    if not value:
        raise ExchangeRefusalError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return value


def listed_symbol(params: QueryParams, listed: Collection[str]) -> str:
    """Return the parameter `symbol`, refused with −1121 when it is not listed."""
    symbol = mandatory(params, "symbol")
    if symbol not in listed:
        raise ExchangeRefusalError(-1121, "Invalid symbol.")
    return symbol


def listed_pair(params: QueryParams, listed: Collection[str]) -> str:
    """Return the parameter `pair`, of a perpetual its symbol, refused with −1121 when it is not listed."""
    pair = mandatory(params, "pair")
    if pair not in listed:
        raise ExchangeRefusalError(-1121, "Invalid symbol.")
    return pair


def known_interval(params: QueryParams) -> str:
    """Return the parameter `interval`, refused with −1120 when the exchange has no such interval."""
    interval = mandatory(params, "interval")
    if interval not in INTERVALS:
        raise ExchangeRefusalError(-1120, "Invalid interval.")
    return interval


def row_limit(params: QueryParams, default: int, most: int) -> int:
    """Return the parameter `limit`, `default` when it is absent, refused with −1130 outside 1 to `most`."""
    limit = optional_whole(params, "limit")
    if limit is None:
        return default
    if not 1 <= limit <= most:
        raise ExchangeRefusalError(-1130, "Data sent for parameter 'limit' is not valid.")
    return limit


def optional_whole(params: QueryParams, name: str) -> int | None:
    """Return a whole, non-negative parameter, None when it is absent, refused with −1130 otherwise."""
    text = params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise ExchangeRefusalError(-1130, f"Data sent for parameter '{name}' is not valid.")
    return int(text)
