"""An open venue: its client, the pace of its requests, their retries, its clock, and what went wrong."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from include.config.settings import Settings
from include.config.venues import VenueFacts, venue_facts
from include.core.clock import from_ms, to_ms
from include.core.errors import RateLimitedError, TransientError
from include.market.budget import Pace, RequestBudget
from include.market.endpoint import Call
from include.market.errors import PageError, exchange_errors
from include.market.exchange import open_exchange
from include.market.outages import OutageLog
from include.market.retry import Retry

T = TypeVar("T")
_NOT_READ = from_ms(0)


@dataclass(frozen=True, slots=True)
class Venue:
    """An open venue.

    Parameters
    ----------
    name : str
        ccxt id.
    exchange : ccxt.async_support.Exchange
        Strict client, its markets loaded.
    facts : VenueFacts
        What it grants.
    pace : Pace
        When a request may go.
    retry : Retry
        Retries of its requests.
    market_now : datetime
        Its clock when it was opened.
    outages : OutageLog
        What went wrong since.
    """

    name: str
    exchange: Any
    facts: VenueFacts
    pace: Pace
    retry: Retry
    market_now: datetime
    outages: OutageLog = field(default_factory=OutageLog)

    @property
    def now_ms(self) -> int:
        """The exchange's clock in epoch milliseconds."""
        return to_ms(self.market_now)

    def market(self, symbol: str) -> dict[str, Any]:
        """Return ccxt's description of `symbol`; an unlisted one raises `SymbolUnavailableError`."""
        with exchange_errors(f"find {symbol}"):
            market: dict[str, Any] = self.exchange.market(symbol)
            return market

    async def clock_ms(self) -> int:
        """Return its clock as it stands now, epoch milliseconds; tried again as often as `retry` does.

        Raises
        ------
        RateLimitedError, PageError, TransientError, …
            As `exchange_errors`.
        """
        doing, cost = "read the exchange's clock", self.facts.opening

        async def send() -> int:
            with exchange_errors(doing):
                found = await self.exchange.fetch_time()
            if found is None:
                raise PageError(f"Could not {doing}: the answer holds none.")
            return int(found)

        told: int = await self.retry.again(
            lambda: _noted(self.name, self.pace, self.outages, cost.family, cost.weight, send)
        )
        return told

    async def ask(self, call: Call, doing: str, judge: Callable[[Any], T]) -> T:
        """Send one request when it may go, and return what `judge` makes of the answer; tried once.

        Raises
        ------
        RateLimitedError, PageError, TransientError, …
            As `exchange_errors`, and whatever `judge` raises.
        """

        async def send() -> T:
            with exchange_errors(doing):
                document = await getattr(self.exchange, call.method)(dict(call.params))
            return judge(document)

        answer: T = await _noted(self.name, self.pace, self.outages, call.family, call.weight, send)
        return answer


@asynccontextmanager
async def open_venue(
    settings: Settings, venue: str | None = None, retry: Retry | None = None, market_now: datetime | None = None
) -> AsyncIterator[Venue]:
    """Yield the open venue: markets loaded once, clock read; closed at the end.

    Parameters
    ----------
    settings : Settings
        Where the outside world and the home are.
    venue : str or None
        ccxt id; None is the traded venue.
    retry : Retry or None
        Retries of each request.
    market_now : datetime or None
        The exchange's clock of an earlier try that goes on; read anew when None.

    Raises
    ------
    TransientError, ConfigurationError, …
        As `exchange_errors`, after the last try.
    """
    name, retry = venue or settings.venue, retry or Retry()
    facts, exchange, outages = venue_facts(name), open_exchange(settings, name), OutageLog()
    budget = RequestBudget(settings.home.request_budget, name, facts.families) if settings.pace == "venue" else None
    pace = Pace(budget, facts, retry.policy.max_retry_after_seconds)

    async def load_markets() -> None:
        async def send() -> None:
            with exchange_errors("load the markets"):
                if await exchange.load_markets() is None:
                    raise PageError("Could not load the markets: the answer holds none.")

        await retry.again(lambda: _noted(name, pace, outages, facts.opening.family, facts.opening.weight, send))

    try:
        await load_markets()
        opened = Venue(name, exchange, facts, pace, retry, market_now or _NOT_READ, outages)
        yield opened if market_now else replace(opened, market_now=from_ms(await opened.clock_ms()))
    finally:
        pace.close()
        await exchange.close()


async def _noted(name: str, pace: Pace, outages: OutageLog, family: str, weight: int, send: Callable[[], Any]) -> Any:
    """Send when it may go; a failure is noted, and a wait that the venue asked for binds everyone."""
    await pace.turn(family, weight)
    try:
        answer = await send()
    except TransientError as error:
        outages.failed(name, error)
        if isinstance(error, RateLimitedError):
            pace.hold(error.retry_after_seconds)
        raise
    outages.answered(name)
    return answer
