"""Binance USDⓈ-M about itself: its clock, its state, its symbols. Nothing here can place an order."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from include.sandbox.clock import VirtualClock
from include.sandbox.market_data import MarketData


class ExchangeApi:
    """What the exchange says of itself, as of `clock`."""

    def __init__(self, data: MarketData, clock: VirtualClock) -> None:
        self._data = data
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under the exchange's own paths."""
        return [
            Route("/fapi/v1/ping", self.ping),
            Route("/fapi/v1/time", self.time),
            Route("/fapi/v1/exchangeInfo", self.exchange_info),
            Route("/sapi/v1/system/status", self.system_status),
        ]

    async def ping(self, _: Request) -> JSONResponse:
        """Answer nothing, as the exchange does."""
        return JSONResponse({})

    async def time(self, _: Request) -> JSONResponse:
        """Answer the virtual now."""
        return JSONResponse({"serverTime": self._clock.now_ms()})

    async def system_status(self, _: Request) -> JSONResponse:
        """Answer that no maintenance is going on."""
        return JSONResponse({"status": 0, "msg": "normal"})

    async def exchange_info(self, _: Request) -> JSONResponse:
        """Answer every listed symbol with its rules."""
        return JSONResponse({**self._data.exchange_info(), "serverTime": self._clock.now_ms()})
