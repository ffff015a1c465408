"""The sandbox: every outside system that Perpetua talks to, as one application on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from include.config.settings import Settings
from include.core.timeframes import DAY_MS
from include.sandbox.clock import VirtualClock
from include.sandbox.control_api import ControlApi
from include.sandbox.exchange_api import ExchangeApi
from include.sandbox.exchange_info import REQUEST_WEIGHT_PER_MINUTE
from include.sandbox.exchange_requests import ExchangeRefusalError, refusal_response
from include.sandbox.macro_api import MacroApi
from include.sandbox.market_data import MarketData
from include.sandbox.recorded import RecordedMarket
from include.sandbox.request_budget import RequestBudget
from include.sandbox.sentiment_api import SentimentApi
from include.sandbox.slack_api import slack_routes
from include.sandbox.synthetic import SyntheticMarket

CLOCK_FILE = "clock.json"


def create_app(settings: Settings, *, weight_per_minute: int = REQUEST_WEIGHT_PER_MINUTE) -> Starlette:
    """Return the sandbox as an ASGI application.

    Parameters
    ----------
    settings : Settings
        `sandbox_data` names the recorded data, None simulates the universe's symbols from `seed`;
        the virtual clock is kept in `home.sandbox`.
    weight_per_minute : int
        Request weight after which the exchange answers 429; benchmarks raise it.

    Raises
    ------
    ConfigurationError
        `sandbox_data` is not a directory that holds recorded data.
    """
    data = open_market(settings)
    start_ms = data.end_ms - round(settings.sandbox_days_before_end * DAY_MS)
    clock = VirtualClock(settings.home.sandbox / CLOCK_FILE, data.name, start_ms)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        clock.close()

    return Starlette(
        routes=_routes(settings, data, clock),
        middleware=_middleware(weight_per_minute),
        exception_handlers={ExchangeRefusalError: refusal_response},
        lifespan=lifespan,
    )


def open_market(settings: Settings) -> MarketData:
    """Return the market of `settings`: the recorded one of `sandbox_data`, or a synthetic one."""
    if settings.sandbox_data is not None:
        return RecordedMarket(settings.sandbox_data)
    return SyntheticMarket(settings.universe.symbols, settings.seed)


def _routes(settings: Settings, data: MarketData, clock: VirtualClock) -> list[BaseRoute]:
    return [
        *ControlApi(settings, data, clock).routes(),
        *ExchangeApi(data, clock).routes(),
        *SentimentApi(data, clock).routes(),
        *MacroApi(data, clock).routes(),
        *slack_routes(settings),
    ]


def _middleware(weight_per_minute: int) -> list[Middleware]:
    # Outermost first. What spoils answers on purpose belongs in front of the budget, so that every
    # outside system is reached by it and refused requests still count.
    return [Middleware(RequestBudget, weight_per_minute=weight_per_minute)]
