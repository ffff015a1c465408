"""Faults that hold as long as their plan: a feed that stands still, symbols that go or are renamed, a wrong clock."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.responses import JSONResponse, Response

from include.sandbox.bybit.requests import PARAMS_ERROR, envelope
from include.sandbox.faults.draw import Asked
from include.sandbox.faults.plan import Rule
from include.sandbox.faults.rows import rows_of, time_of
from include.sandbox.request_budget import BYBIT_PATHS

_QUOTE = "USDT"
_BYBIT_KLINES = ("/v5/market/kline", "/v5/market/mark-price", "/v5/market/index-price", "/v5/market/premium")
_SYMBOL_NAMES = ("symbol", "pair")
_BASE_NAMES = ("baseAsset", "baseCoin")


def refusal(rule: Rule, asked: Asked, now_ms: int) -> Response | None:
    """Return what the venue answers to who names a symbol that is gone, None when it is not about one."""
    if rule.fault not in ("delisted", "renamed") or asked.symbol != rule.symbol:
        return None
    if asked.path.startswith(BYBIT_PATHS):
        return JSONResponse(envelope({}, now_ms, PARAMS_ERROR, "params error: Symbol Invalid"))
    return JSONResponse({"code": -1121, "msg": "Invalid symbol."}, 400)


def renamed_query(rule: Rule, query: bytes) -> bytes:
    """Return a query that names the new symbol of `rule` with the old one in its place."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    is_new = [name in _SYMBOL_NAMES and value == rule.to for name, value in pairs]
    if not any(is_new):
        return query
    named = [(name, rule.symbol if new else value) for (name, value), new in zip(pairs, is_new, strict=True)]
    return urlencode(named).encode("latin-1")


def frozen_query(path: str, query: bytes, frozen_ms: int) -> bytes:
    """Return a query of records that asks for none after `frozen_ms`: the venue answers the newest that it has."""
    params = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    end = "end" if path.startswith(_BYBIT_KLINES) else "endTime"
    start_ms = params.get("start" if end == "end" else "startTime", "")
    if start_ms.isdecimal() and int(start_ms) > frozen_ms:
        return query
    asked_ms = params.get(end, "")
    params[end] = str(min(int(asked_ms), frozen_ms) if asked_ms.isdecimal() else frozen_ms)
    return urlencode(params).encode("latin-1")


def change(rule: Rule, document: Any, frozen_ms: int) -> dict[str, Any] | None:
    """Change a document in place; return what was done for the log, None when it is not concerned.

    Parameters
    ----------
    rule : Rule
        Of a kind of `plan.STANDING_KINDS`.
    document : object
        An answer of the venue.
    frozen_ms : int
        Since when the feed stands still, epoch milliseconds.
    """
    if rule.fault == "clock_skew":
        return _skewed(document, round(rule.wait_seconds * 1_000))
    rows = rows_of(document)
    if rows is None:
        return None
    if rule.fault == "frozen":
        return _without(rows, [row for row in rows if _is_after(row, frozen_ms)])
    mine = [row for row in rows if isinstance(row, dict) and row.get("symbol") == rule.symbol]
    if rule.fault == "delisted":
        return _without(rows, mine)
    for row in mine:
        row.update({name: rule.to for name in _SYMBOL_NAMES if name in row})
        row.update({name: str(rule.to).removesuffix(_QUOTE) for name in _BASE_NAMES if name in row})
    return {"rows": len(mine)} if mine else None


def _without(rows: list[Any], gone: list[Any]) -> dict[str, Any] | None:
    places = {id(row) for row in gone}
    rows[:] = [row for row in rows if id(row) not in places]
    return {"rows": len(gone)} if gone else None


def _is_after(row: Any, instant_ms: int) -> bool:
    time = time_of(row)
    return isinstance(time, int) and time > instant_ms


def _skewed(document: Any, ahead_ms: int) -> dict[str, Any] | None:
    if not isinstance(document, dict):
        return None
    result = document.get("result")
    if "serverTime" in document:
        document["serverTime"] += ahead_ms
    elif isinstance(result, dict) and "timeNano" in result:
        document["time"] += ahead_ms
        nano = int(result["timeNano"]) + ahead_ms * 1_000_000
        result.update(timeNano=str(nano), timeSecond=str(nano // 1_000_000_000))
    else:
        return None
    return {"ahead_ms": ahead_ms}
