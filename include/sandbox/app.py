"""The sandbox: every outside system that Perpetua talks to, as one application on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from include.config.settings import Settings
from include.core.timeframes import DAY_MS
from include.sandbox.binance.exchange_api import ExchangeApi as BinanceExchangeApi
from include.sandbox.binance.history_api import HistoryApi as BinanceHistoryApi
from include.sandbox.binance.quotes_api import QuotesApi as BinanceQuotesApi
from include.sandbox.binance.requests import ExchangeRefusalError, refusal_response
from include.sandbox.binance.statistics_api import StatisticsApi as BinanceStatisticsApi
from include.sandbox.bybit.exchange_api import ExchangeApi as BybitExchangeApi
from include.sandbox.bybit.history_api import HistoryApi as BybitHistoryApi
from include.sandbox.bybit.quotes_api import QuotesApi as BybitQuotesApi
from include.sandbox.bybit.statistics_api import StatisticsApi as BybitStatisticsApi
from include.sandbox.clock import VirtualClock
from include.sandbox.control_api import ControlApi
from include.sandbox.faults.api import FaultsApi
from include.sandbox.faults.injector import FaultInjector
from include.sandbox.faults.plan import load_plan
from include.sandbox.faults.state import Faults
from include.sandbox.macro_api import MacroApi
from include.sandbox.market_data import MarketData
from include.sandbox.recorded import RecordedMarket
from include.sandbox.request_budget import Limits, RequestBudget
from include.sandbox.sentiment_api import SentimentApi
from include.sandbox.slack_api import slack_routes
from include.sandbox.synthetic import SyntheticMarket

CLOCK_FILE = "clock.json"
BINANCE = (BinanceExchangeApi, BinanceHistoryApi, BinanceStatisticsApi, BinanceQuotesApi)
BYBIT = (BybitExchangeApi, BybitHistoryApi, BybitStatisticsApi, BybitQuotesApi)


def create_app(settings: Settings, *, limits: Limits | None = None) -> Starlette:
    """Return the sandbox as an ASGI application.

    Parameters
    ----------
    settings : Settings
        `sandbox_data` names the recorded data, None simulates the universe's symbols from `seed`;
        the virtual clock is kept in `home.sandbox`.
    limits : Limits or None
        What the exchanges grant; None: what they really do.

    Raises
    ------
    ConfigurationError
        `sandbox_data` is not a directory that holds recorded data, or `sandbox_faults` no fault plan.
    """
    plan = None if settings.sandbox_faults is None else load_plan(settings.sandbox_faults)
    data = open_market(settings)
    start_ms = data.end_ms - round(settings.sandbox_days_before_end * DAY_MS)
    clock = VirtualClock(settings.home.sandbox / CLOCK_FILE, data.name, start_ms)
    faults = Faults(clock.now_ms)
    if plan is not None:
        faults.set(plan)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        clock.close()

    return Starlette(
        routes=[*_routes(settings, data, clock), *FaultsApi(faults).routes()],
        middleware=_middleware(limits or Limits(), clock, faults),
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
        *(route for api in BINANCE for route in api(data, clock).routes()),
        *(route for api in BYBIT for route in api(data.bybit, clock).routes()),
        *SentimentApi(data, clock).routes(),
        *MacroApi(data, clock).routes(),
        *slack_routes(settings),
    ]


def _middleware(limits: Limits, clock: VirtualClock, faults: Faults) -> list[Middleware]:
    # outermost first: faults reach every outside system, and what they refuse costs nothing of the budget
    return [
        Middleware(FaultInjector, faults=faults),
        Middleware(RequestBudget, limits=limits, now_ms=clock.now_ms),
    ]
