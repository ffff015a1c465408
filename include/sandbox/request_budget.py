"""The exchange's request limits: weight per minute of an IP, funding requests per five minutes.

Limits run on the wall clock, as a client's waiting does, not on the virtual one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.datastructures import MutableHeaders, QueryParams
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from include.sandbox.exchange_info import REQUEST_WEIGHT_PER_MINUTE

USED_WEIGHT_HEADER = "X-MBX-USED-WEIGHT-1M"
# Most rows of a page, weight of the request; above the last one the weight is 10.
KLINE_WEIGHTS = ((99, 1), (499, 2), (1000, 5))
HEAVIEST = 10
FUNDING_PATH = "/fapi/v1/fundingRate"
FUNDING_REQUESTS_PER_WINDOW = 500
FUNDING_WINDOW_SECONDS = 300


@dataclass
class Window:
    """What was used of a limit since the start of the current fixed window of `seconds`."""

    limit: int
    seconds: int
    wall: Callable[[], float] = time.time
    used: int = 0
    _number: int = field(default=-1, init=False)

    def take(self, amount: int) -> bool:
        """Use `amount` and return whether the limit still holds."""
        number = int(self.wall() // self.seconds)
        if number != self._number:
            self._number, self.used = number, 0
        self.used += amount
        return self.used <= self.limit

    def seconds_left(self) -> int:
        """Return the whole seconds after which the window is over, at least 1."""
        return int(self.seconds - self.wall() % self.seconds) + 1


class RequestBudget:
    """ASGI middleware that counts requests to `/fapi/`, says what was used, and refuses beyond the limits.

    Parameters
    ----------
    app : ASGIApp
        What answers requests within the limits.
    weight_per_minute : int
        The exchange's own is 2,400.
    wall : callable
        Seconds since the epoch.
    """

    def __init__(
        self,
        app: ASGIApp,
        weight_per_minute: int = REQUEST_WEIGHT_PER_MINUTE,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._weights = Window(weight_per_minute, 60, wall)
        self._funding = Window(FUNDING_REQUESTS_PER_WINDOW, FUNDING_WINDOW_SECONDS, wall)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse one request."""
        if scope["type"] != "http" or not scope["path"].startswith("/fapi/"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope["path"], QueryParams(scope["query_string"]))
        used = str(self._weights.used)

        async def send_with_weight(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[USED_WEIGHT_HEADER] = used
            await send(message)

        await (refusal or self._app)(scope, receive, send_with_weight)

    def _refusal(self, path: str, params: QueryParams) -> JSONResponse | None:
        if not self._weights.take(weight_of(path, params)):
            return _too_many(f"{self._weights.limit} requests per minute", self._weights)
        if path == FUNDING_PATH and not self._funding.take(1):
            return _too_many(f"{self._funding.limit} requests per 5 minutes", self._funding)
        return None


def weight_of(path: str, params: QueryParams) -> int:
    """Return the weight of a request, as the exchange documents it for USDⓈ-M futures."""
    if path == "/fapi/v1/klines":
        limit = params.get("limit", "")
        rows = int(limit) if limit.isdecimal() else 500
        return next((weight for most, weight in KLINE_WEIGHTS if rows <= most), HEAVIEST)
    if path == FUNDING_PATH:
        return 0  # it has a limit of its own
    if path == "/fapi/v1/premiumIndex" and "symbol" not in params:
        return HEAVIEST
    return 1


def _too_many(limit: str, window: Window) -> JSONResponse:
    message = (
        f"Too many requests; current limit of IP(127.0.0.1) is {limit}. "
        "Please use the websocket for live updates to avoid polling the API."
    )
    return JSONResponse({"code": -1003, "msg": message}, 429, {"Retry-After": str(window.seconds_left())})
