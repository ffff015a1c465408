"""The limits of both exchanges: weight and requests of an address per window, and the ban of who goes on regardless.

Limits run on the wall clock, as a client's waiting does, not on the virtual one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.datastructures import MutableHeaders, QueryParams
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from include.sandbox.binance.exchange_info import REQUEST_WEIGHT_PER_MINUTE
from include.sandbox.bybit.requests import TOO_MANY_VISITS, envelope
from include.sandbox.request_weights import weight_of

USED_WEIGHT_HEADER = "X-MBX-USED-WEIGHT-1M"
BINANCE_PATHS = ("/fapi/", "/futures/data/")
STATISTICS_PATHS = "/futures/data/"
FUNDING_PATH = "/fapi/v1/fundingRate"
BYBIT_PATHS = "/v5/"


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests, or so much weight, per fixed window of `seconds`."""

    limit: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What the exchanges grant an address; the defaults are theirs.

    Who sends `refusals_before_ban` more requests while one of them is used up is banned for `ban_seconds`.
    """

    weight: Rate = Rate(REQUEST_WEIGHT_PER_MINUTE, 60)
    funding: Rate = Rate(500, 300)
    statistics: Rate = Rate(1000, 300)
    bybit: Rate = Rate(600, 5)
    refusals_before_ban: int = 20
    ban_seconds: int = 120


@dataclass
class Window:
    """What was used of a rate since the start of the current window."""

    rate: Rate
    wall: Callable[[], float] = time.time
    used: int = 0
    _number: int = field(default=-1, init=False)

    def take(self, amount: int) -> bool:
        """Use `amount` and return whether the limit still holds."""
        number = int(self.wall() // self.rate.seconds)
        if number != self._number:
            self._number, self.used = number, 0
        self.used += amount
        return self.used <= self.rate.limit

    def seconds_left(self) -> int:
        """Return the whole seconds after which the window is over, at least 1."""
        return int(self.rate.seconds - self.wall() % self.rate.seconds) + 1


@dataclass
class Patience:
    """How an exchange bears with a client that goes on after it was refused."""

    limits: Limits
    wall: Callable[[], float] = time.time
    _refusals: int = field(default=0, init=False)
    _banned_until: float = field(default=0.0, init=False)

    def seconds_banned(self) -> int:
        """Return the whole seconds for which the client stays banned, 0 when it is not."""
        left = self._banned_until - self.wall()
        return int(left) + 1 if left > 0 else 0

    def refuse(self) -> None:
        """Count a refused request; the one too many bans."""
        self._refusals += 1
        if self._refusals > self.limits.refusals_before_ban:
            self._refusals, self._banned_until = 0, self.wall() + self.limits.ban_seconds

    def forgive(self) -> None:
        """Forget the refusals: a request came within the limits."""
        self._refusals = 0


class RequestBudget:
    """ASGI middleware that counts requests to the exchanges, says what was used, and refuses beyond the limits.

    Parameters
    ----------
    app : ASGIApp
        What answers requests within the limits.
    limits : Limits
        What is granted.
    now_ms : callable
        The virtual now, which Bybit's answers carry.
    wall : callable
        Seconds since the epoch.
    """

    def __init__(
        self, app: ASGIApp, limits: Limits, now_ms: Callable[[], int], wall: Callable[[], float] = time.time
    ) -> None:
        self._app = app
        self._now_ms = now_ms
        self._wall = wall
        self._weights = Window(limits.weight, wall)
        self._families = {FUNDING_PATH: Window(limits.funding, wall), STATISTICS_PATHS: Window(limits.statistics, wall)}
        self._bybit = Window(limits.bybit, wall)
        self._binance_patience, self._bybit_patience = Patience(limits, wall), Patience(limits, wall)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse one request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith((*BINANCE_PATHS, BYBIT_PATHS)):
            await self._app(scope, receive, send)
            return
        if path.startswith(BYBIT_PATHS):
            refusal, told = self._refusal_of_bybit(), self._bybit_headers()
        else:
            refusal = self._refusal_of_binance(path, QueryParams(scope["query_string"]))
            told = {USED_WEIGHT_HEADER: str(self._weights.used)}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
            await send(message)

        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal_of_binance(self, path: str, params: QueryParams) -> Response | None:
        if seconds := self._binance_patience.seconds_banned():
            return banned(seconds, self._wall)
        used_up = self._used_up(path, params)
        if used_up is None:
            self._binance_patience.forgive()
            return None
        self._binance_patience.refuse()
        return _too_many(used_up)

    def _used_up(self, path: str, params: QueryParams) -> Window | None:
        if not self._weights.take(weight_of(path, params)):
            return self._weights
        for prefix, window in self._families.items():
            if path.startswith(prefix) and not window.take(1):
                return window
        return None

    def _refusal_of_bybit(self) -> Response | None:
        if self._bybit_patience.seconds_banned():
            return PlainTextResponse("403, access too frequent, please try your request later.", 403)
        if self._bybit.take(1):
            self._bybit_patience.forgive()
            return None
        self._bybit_patience.refuse()
        message = "Too many visits. Exceeded the API Rate Limit."
        return JSONResponse(envelope({}, self._now_ms(), TOO_MANY_VISITS, message))

    def _bybit_headers(self) -> dict[str, str]:
        now_ms, left = self._now_ms(), self._bybit.rate.limit - self._bybit.used
        return {
            "X-Bapi-Limit": str(self._bybit.rate.limit),
            "X-Bapi-Limit-Status": str(max(left, 0)),
            "X-Bapi-Limit-Reset-Timestamp": str(now_ms if left >= 0 else now_ms + 1000 * self._bybit.seconds_left()),
        }


def _too_many(window: Window) -> JSONResponse:
    message = (
        f"Too many requests; current limit of IP(127.0.0.1) is {window.rate.limit} "
        f"requests per {window.rate.seconds} seconds. "
        "Please use the websocket for live updates to avoid polling the API."
    )
    return JSONResponse({"code": -1003, "msg": message}, 429, {"Retry-After": str(window.seconds_left())})


def banned(seconds: int, wall: Callable[[], float]) -> JSONResponse:
    """Return what Binance answers to who is banned for `seconds` more."""
    until_ms = round((wall() + seconds) * 1000)
    message = (
        f"Way too many requests; IP(127.0.0.1) banned until {until_ms}. "
        "Please use the websocket for live updates to avoid bans."
    )
    return JSONResponse({"code": -1003, "msg": message}, 418, {"Retry-After": str(seconds)})
