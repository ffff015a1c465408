"""Faults that take the place of an answer, or of its document: refusals, silence, broken connections, broken bodies."""

import time
from collections.abc import Callable

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from include.sandbox.bybit.requests import TOO_MANY_VISITS, envelope
from include.sandbox.faults.plan import Rule
from include.sandbox.faults.transport import close_connection, keep_silent, reset_connection
from include.sandbox.request_budget import BYBIT_PATHS, banned

HTML = "<html><head><title>502</title></head><body><h1>We will be back soon</h1></body></html>"
# faults that need the true answer before they can break it
OF_THE_BODY = ("half_body", "bad_json")


def answer_instead(rule: Rule, path: str, now_ms: int, wall: Callable[[], float] = time.time) -> ASGIApp:
    """Return what answers a request to `path` in the place of the exchange.

    Parameters
    ----------
    rule : Rule
        Of a kind of `plan.ANSWER_KINDS` that is none of `OF_THE_BODY`.
    path : str
        Path of the request: the venues word their refusals differently.
    now_ms : int
        The virtual now, which Bybit's answers carry.
    wall : callable
        Seconds since the epoch.
    """
    if rule.fault == "timeout":
        return _silent(rule.wait_seconds)
    if rule.fault == "reset":
        return _reset
    return _refusal(rule, path, now_ms, wall)


def ban(path: str, seconds: float, wall: Callable[[], float]) -> Response:
    """Return what a venue answers to who is banned for `seconds` more."""
    if path.startswith(BYBIT_PATHS):
        return PlainTextResponse("403, access too frequent, please try your request later.", 403)
    return banned(-int(-seconds // 1), wall)


async def send_broken(rule: Rule, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the first half of a true response, as if it were whole (`bad_json`), or breaking off (`half_body`)."""
    half = bytes(response.body)[: len(response.body) // 2]
    if rule.fault == "bad_json":
        await Response(half or b"{", response.status_code, media_type="application/json")(scope, receive, send)
        return
    length = str(max(len(response.body), 1)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": half, "more_body": True})
    await close_connection(scope, receive)


def _refusal(rule: Rule, path: str, now_ms: int, wall: Callable[[], float]) -> Response:
    is_bybit = path.startswith(BYBIT_PATHS)
    match rule.fault:
        case "rate_limited" if is_bybit:
            return JSONResponse(envelope({}, now_ms, TOO_MANY_VISITS, "Too many visits. Exceeded the API Rate Limit."))
        case "rate_limited":
            wait = {"Retry-After": str(-int(-rule.wait_seconds // 1))}
            return JSONResponse({"code": -1003, "msg": "Too many requests."}, 429, wait)
        case "banned":
            return ban(path, rule.wait_seconds, wall)
        case "maintenance" if is_bybit:
            return JSONResponse(envelope({}, now_ms, 10016, "Service is restarting."))
        case "maintenance":
            return JSONResponse({"code": 1, "msg": "System is under maintenance."}, 503)
        case "blocked":
            message = "Service unavailable from a restricted location."
            return JSONResponse({"code": 0, "msg": message}, 451)
        case "html":
            return HTMLResponse(HTML)
        case "null":
            return JSONResponse(None)
        case _:
            return PlainTextResponse("upstream connect error", rule.status)


def _silent(seconds: float) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, _: Send) -> None:
        await keep_silent(seconds, scope, receive)

    return app


async def _reset(scope: Scope, receive: Receive, _: Send) -> None:
    await reset_connection(scope, receive)
