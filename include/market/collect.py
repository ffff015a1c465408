"""Many walks at once: bounded concurrency, pages journalled as they come, failures of one named and not spread."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pyarrow as pa

from include.core.errors import InvalidInputError, RateLimitedError, TransientError
from include.core.progress import Progress
from include.market.endpoint import Call
from include.market.endpoints import endpoint, series_of
from include.market.errors import PageError, SymbolUnavailableError
from include.market.journal import Journal
from include.market.pager import Page, request_text, walk
from include.market.pages import Span
from include.market.plan import SNAPSHOTS, Job
from include.market.quarantine import Refused
from include.market.snapshots import read_snapshot, snapshot_calls
from include.market.venue import Venue

logger = logging.getLogger(__name__)

# without them a symbol is worth nothing; every other series is joined with its age
ESSENTIAL = "candles"
# an optional series of which so many symbols have nothing, and none has any, is not asked for symbol by symbol
_EMPTY_ENOUGH = 8


@dataclass
class Collected:
    """What the walks brought.

    Parameters
    ----------
    rows : dict
        Pieces of each lake table.
    refused : list of Refused
        Refused rows and pages.
    failed : dict
        Why a series of a symbol did not come, by (series, symbol).
    reached : set
        (series, symbol) of which a record was seen.
    pages : int
        Pages that were fetched, those of an earlier try not counted.
    """

    rows: dict[str, list[pa.Table]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)
    reached: set[tuple[str, str]] = field(default_factory=set)
    pages: int = 0


async def collect(
    venue: Venue, timeframe: str, jobs: Sequence[Job], journal: Journal, progress: Progress, label: str = "records"
) -> Collected:
    """Walk every job, at most `venue.facts.concurrency` at once, and return what came.

    A series that a symbol does not have, or whose pages stay wrong, is named in `failed`. So is any series but the
    candles that the venue fails to serve at all, or has for none of the first symbols.

    Raises
    ------
    RateLimitedError, TransientError, ConfigurationError
        The venue is away, or blocked: nothing can be collected. The journal keeps what came.
    """
    collection = _Collection(venue, timeframe, journal, _Meter(venue.name, timeframe, jobs, progress, label))
    numbered = iter(list(enumerate(jobs)))
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(venue.facts.concurrency, len(jobs))):
                group.create_task(collection.work(numbered))
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return collection.collected


class _Collection:
    """What the walks of one collection share."""

    def __init__(self, venue: Venue, timeframe: str, journal: Journal, meter: "_Meter") -> None:
        self._venue, self._timeframe, self._journal, self._meter = venue, timeframe, journal, meter
        self._away: dict[str, str] = {}
        self._empty: Counter[str] = Counter()
        self._clock = _Clock(venue)
        self.collected = Collected()

    async def work(self, numbered: Iterator[tuple[int, Job]]) -> None:
        """Walk jobs until none is left."""
        for number, job in numbered:
            try:
                self._gather(job, await self._walk(number, job))
                self._count_empty(job)
            except (SymbolUnavailableError, PageError) as error:
                self.collected.refused += getattr(error, "refused", ())
                self._fail(job, error)
                if job.series == SNAPSHOTS:
                    self._count_empty(job)
            except RateLimitedError:
                raise
            except (TransientError, InvalidInputError) as error:
                if job.series == ESSENTIAL:
                    raise
                self._away.setdefault(job.series, job.symbol)
                self._fail(job, error)
            self._meter.end(number)

    async def _walk(self, number: int, job: Job) -> list[Page]:
        if job.series in self._away:
            raise SymbolUnavailableError(f"Not asked for, after it failed for {self._away[job.series]}.")
        if self._empty[job.series] >= _EMPTY_ENOUGH:
            raise SymbolUnavailableError("Not asked for, after the venue had none of it for the symbols before.")
        pages = self._journal.pages(number)
        self._meter.add(number, pages)
        if pages and pages[-1].next_ms is None:
            return pages
        async for page in self._further(job, pages):
            self._journal.keep(number, len(pages), page)
            pages.append(page)
            self.collected.pages += 1
            self._meter.add(number, [page])
        return pages

    def _further(self, job: Job, pages: Sequence[Page]) -> AsyncIterator[Page]:
        venue = self._venue
        span = Span(venue.name, job.symbol, job.start_ms, job.end_ms, venue.now_ms)
        known_ms = job.known_ms
        for page in pages:
            span = replace(span, start_ms=page.next_ms or span.end_ms)
            known_ms = page.reached_ms or known_ms
        market_id = venue.market(job.symbol)["id"]
        if job.series == SNAPSHOTS:
            return _snapshot(venue, market_id, span, self._clock)
        return walk(venue, endpoint(venue.name, job.series, market_id, self._timeframe), span, known_ms)

    def _gather(self, job: Job, pages: Sequence[Page]) -> None:
        for page in pages:
            self.collected.refused += page.refused
            if page.rows.num_rows:
                self.collected.rows.setdefault(table_of(self._venue.name, job.series), []).append(page.rows)
            if page.reached_ms is not None:
                self.collected.reached.add((job.series, job.symbol))

    def _count_empty(self, job: Job) -> None:
        """Count symbols of which a series had nothing; one that had something shows that the venue serves it."""
        if (job.series, job.symbol) in self.collected.reached:
            self._empty[job.series] = -len(self._meter)
        elif job.purpose == "newest" and job.series != ESSENTIAL:
            self._empty[job.series] += 1

    def _fail(self, job: Job, error: Exception) -> None:
        # a symbol whose newest candles came is not lost with a hole that stayed
        name = job.series if job.purpose == "newest" else f"{job.series} ({job.purpose})"
        logger.warning("%s of %s failed: %s", name, job.symbol, error)
        self.collected.failed[(name, job.symbol)] = str(error)


class _Meter:
    """Counts records against how many the spans of the jobs hold, so that the rest can be told in time."""

    def __init__(self, venue: str, timeframe: str, jobs: Sequence[Job], progress: Progress, label: str) -> None:
        self._expected = [expected_records(venue, timeframe, job) for job in jobs]
        self._counted = [0] * len(jobs)
        self._done, self._total = 0, sum(self._expected)
        self._progress, self._label = progress, label

    def __len__(self) -> int:
        return len(self._expected)

    def add(self, number: int, pages: Sequence[Page]) -> None:
        self._count(number, min(self._counted[number] + sum(p.rows.num_rows for p in pages), self._expected[number]))

    def end(self, number: int) -> None:
        self._count(number, self._expected[number])

    def _count(self, number: int, counted: int) -> None:
        self._done += counted - self._counted[number]
        self._counted[number] = counted
        self._progress(self._label, self._done, self._total)


def table_of(venue: str, series: str) -> str:
    """Return the lake table of a series."""
    return SNAPSHOTS if series == SNAPSHOTS else series_of(venue)[series].layout.table.name


def expected_records(venue: str, timeframe: str, job: Job) -> int:
    """Return how many records the span of a job holds; of a series without a grid, at its longest distance."""
    if job.series == SNAPSHOTS:
        return 1
    found = endpoint(venue, job.series, "", timeframe)
    distance = found.slack_ms or found.step_ms
    return max(job.end_ms - job.start_ms, 0) // distance + 1


class _Clock:
    """The exchange's clock now: asked once, since that of the walks may be hours old by then."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._ahead_ms: float | None = None
        self._turn = asyncio.Lock()

    async def now_ms(self) -> int:
        async with self._turn:
            if self._ahead_ms is None:
                self._ahead_ms = await self._venue.clock_ms() - time.monotonic() * 1000
        return round(time.monotonic() * 1000 + self._ahead_ms)


async def _snapshot(venue: Venue, market_id: str, span: Span, clock: _Clock) -> AsyncIterator[Page]:
    calls = snapshot_calls(venue.name, market_id)

    async def ask(call: Call) -> Any:
        return await venue.ask(call, f"fetch the snapshot of {span.symbol}", lambda document: document)

    ticker, book = [await venue.retry.again(partial(ask, call)) for call in calls]
    page = read_snapshot(market_id, ticker, book, replace(span, now_ms=await clock.now_ms()))
    if not page.count:
        raise SymbolUnavailableError(f"The venue has no order book of {span.symbol} now.")
    request = "; ".join(map(request_text, calls))
    refused = tuple(Refused(SNAPSHOTS, span.symbol, reason, row, request) for reason, row in page.refused)
    yield Page(page.rows, refused, page.newest_ms, None)
