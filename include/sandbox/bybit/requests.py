"""How Bybit reads its parameters, wraps its answers and words its refusals: always status 200, always an envelope."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

CATEGORY = "linear"
PARAMS_ERROR = 10001
TOO_MANY_VISITS = 10006


@dataclass
class BybitRefusalError(Exception):
    """A request that the exchange answers with an error code in its envelope."""

    message: str
    code: int = PARAMS_ERROR


def envelope(result: dict[str, Any], now_ms: int, code: int = 0, message: str = "OK") -> dict[str, Any]:
    """Return an answer as the exchange wraps it."""
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now_ms}


def category(params: QueryParams) -> str:
    """Return the parameter `category`; only linear perpetuals are served."""
    value = params.get("category", CATEGORY)
    if value != CATEGORY:
        raise BybitRefusalError("params error: Category is invalid")
    return value


def listed_symbol(params: QueryParams, listed: Collection[str]) -> str:
    """Return the parameter `symbol`, refused when it is missing or not listed."""
    symbol = params.get("symbol", "")
    if symbol not in listed:
        raise BybitRefusalError("params error: Symbol Invalid")
    return symbol


def one_of(params: QueryParams, name: str, known: Collection[str]) -> str:
    """Return the parameter `name`, refused when it is missing or none of `known`."""
    value = params.get(name, "")
    if value not in known:
        raise BybitRefusalError(f"params error: {name} invalid")
    return value


def row_limit(params: QueryParams, default: int, most: int) -> int:
    """Return the parameter `limit`, refused outside 1 to `most`."""
    limit = optional_whole(params, "limit")
    if limit is None:
        return default
    if not 1 <= limit <= most:
        raise BybitRefusalError(f"params error: limit should be between 1 and {most}")
    return limit


def optional_whole(params: QueryParams, name: str) -> int | None:
    """Return a whole, non-negative parameter, None when it is absent, refused otherwise."""
    text = params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise BybitRefusalError(f"params error: {name} invalid")
    return int(text)


def span(params: QueryParams, first: str, last: str) -> tuple[int | None, int | None]:
    """Return the parameters named, refused when the first is later than the last."""
    start_ms, end_ms = optional_whole(params, first), optional_whole(params, last)
    if start_ms is not None and end_ms is not None and start_ms > end_ms:
        raise BybitRefusalError(f"params error: The {first} parameter must be less than {last}")
    return start_ms, end_ms
