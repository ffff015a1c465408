"""What every endpoint of Bybit shares: the envelope around answers and refusals."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from include.sandbox.bybit.requests import BybitRefusalError, envelope
from include.sandbox.clock import VirtualClock

# ``answer(params, now_ms) -> result``
Answer = Callable[[QueryParams, int], dict[str, Any]]


def wrapped(answers: Mapping[str, Answer], clock: VirtualClock) -> list[BaseRoute]:
    """Return a route per path whose answer, or refusal, comes in the exchange's envelope."""
    return [Route(path, _endpoint(answer, clock)) for path, answer in answers.items()]


def _endpoint(answer: Answer, clock: VirtualClock) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def endpoint(request: Request) -> JSONResponse:
        now_ms = clock.now_ms()
        try:
            return JSONResponse(envelope(answer(request.query_params, now_ms), now_ms))
        except BybitRefusalError as refusal:
            return JSONResponse(envelope({}, now_ms, refusal.code, refusal.message))

    return endpoint
