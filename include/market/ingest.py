"""One ingestion: fetch everything new into a batch. Publishing it is `publish.py`'s."""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from include.config.settings import Settings
from include.core.clock import format_utc, from_ms
from include.core.columns import TABLES
from include.core.errors import InvalidInputError
from include.core.progress import Progress, no_progress
from include.lake.lake import Lake
from include.market.collect import ESSENTIAL, Collected, collect, table_of
from include.market.endpoints import offered
from include.market.errors import SymbolUnavailableError
from include.market.journal import Journal
from include.market.outages import OutageLog
from include.market.plan import SNAPSHOTS, FetchPlan, Job, make_jobs, window_of
from include.market.quarantine import quarantine_rows
from include.market.retry import Retry
from include.market.shared import SHARED, Shared
from include.market.staging import STAGED_TABLES, BatchInfo, RefetchedGap, batch_folder, write_batch
from include.market.venue import Venue, open_venue

logger = logging.getLogger(__name__)

# no other table needs their past: collected from now on, a back-fill fetches what was before
RECENT = ("mark", "index")


class FetchRequest(BaseModel):
    """What is asked for: the arguments of `fetch`, and how many candles a symbol gets that has none.

    Of the series in `recent` no more than the last 30 days are asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    venue: str
    symbols: tuple[str, ...]
    timeframe: str
    start: datetime | None
    end: datetime | None
    series: tuple[str, ...]
    recent: tuple[str, ...] = ()
    candles_per_symbol: int | None

    @classmethod
    def of(
        cls,
        settings: Settings,
        symbols: Sequence[str],
        timeframe: str,
        start: datetime | None,
        end: datetime | None,
        series: Sequence[str] | None,
        venue: str | None,
    ) -> Self:
        """Return the request of these arguments; no symbols, or an end that is not after the start, are refused."""
        if not symbols:
            raise InvalidInputError("`symbols` must name at least one symbol, was empty.")
        if start is not None and end is not None and start >= end:
            raise InvalidInputError(f"`start` must be before `end`, was {start.isoformat()} and {end.isoformat()}.")
        name = venue or settings.venue
        return cls(
            venue=name,
            symbols=tuple(symbols),
            timeframe=timeframe,
            start=start,
            end=end,
            series=tuple(series)
            if series is not None
            else routine(name, timeframe, is_now=start is None and end is None),
            recent=RECENT if series is None and start is None else (),
            candles_per_symbol=settings.profile.candles_per_symbol,
        )


def fetch(
    settings: Settings,
    batch_id: str,
    *,
    symbols: Sequence[str],
    timeframe: str = "4h",
    start: datetime | None = None,
    end: datetime | None = None,
    series: Sequence[str] | None = None,
    venue: str | None = None,
    progress: Progress = no_progress,
    retry: Retry | None = None,
) -> BatchInfo:
    """Fetch every series of the symbols, fear & greed and macro into the batch `batch_id`; the lake is only read.

    Without `start` each symbol goes on from its newest stored record, with an overlap; where nothing is stored, the
    profile's last candles are fetched (everything since the listing when it names no number), and every other series
    over the same window. Holes that the ledger knows are asked for again. What an earlier try of the same batch
    fetched before it was killed is not fetched again.

    Parameters
    ----------
    settings : Settings
        Where the outside world and the home are.
    batch_id : str
        Name of the batch; a batch of that name is replaced.
    symbols : sequence of str
        Unified symbols.
    timeframe : str
        ccxt timeframe of the candles.
    start, end : datetime or None
        Candles that open at or after `start` and close at or before `end`; with a start everything in between is
        fetched, stored or not.
    series : sequence of str or None
        Series of the venue; None: all that an ordinary run keeps up, as far as the venue has them at the timeframe.
    venue : str or None
        ccxt id; None is the traded venue.
    progress : callable
        Called with a label, the number done and the number of all.
    retry : Retry or None
        Retries of each request.

    Returns
    -------
    BatchInfo
        Symbols and series that failed are named there: one of them does not stop the others.

    Raises
    ------
    TransientError
        The venue failed more often than the retries allow; nothing was staged, the pages that came are kept.
    """
    batch_folder(settings.home, batch_id)
    request = FetchRequest.of(settings, symbols, timeframe, start, end, series, venue)
    began, retry = time.perf_counter(), retry or Retry()
    journal = Journal(settings.home.page_journals / batch_id)
    with journal.held():
        stored = journal.plan()
        is_same = stored is not None and stored["request"] == request.model_dump(mode="json")
        plan = FetchPlan.model_validate(stored) if is_same else None

        async def walk() -> tuple[FetchPlan, Collected, OutageLog]:
            async with open_venue(settings, request.venue, retry, None if plan is None else plan.market_now) as opened:
                chosen = plan or make_plan(settings, opened, request)
                if plan is None:
                    journal.begin(chosen.model_dump(mode="json"))
                return chosen, await collect(opened, chosen.timeframe, chosen.jobs, journal, progress), opened.outages

        chosen, collected, outages = asyncio.run(walk())
        batch = stage_collected(settings, batch_id, request.venue, chosen, collected, outages, retry, began, progress)
        journal.remove()
    return batch


def make_plan(settings: Settings, venue: Venue, request: FetchRequest) -> FetchPlan:
    """Return what brings the lake to hold what is asked for, by the exchange's clock and the stored records."""
    if request.start is not None and request.start >= venue.market_now:
        now, start = format_utc(venue.market_now), format_utc(request.start)
        raise InvalidInputError(f"`start` must be before the exchange's now, {now}, was {start}.")
    window = window_of(
        request.timeframe,
        venue.market_now,
        request.start,
        request.end,
        request.candles_per_symbol,
        is_refetch=request.start is not None,
    )
    listed, unlisted = listings(venue, request.symbols)
    jobs, clipped = make_jobs(
        Lake.of(settings), request.venue, listed, request.series, window, venue.now_ms, request.recent
    )
    return FetchPlan(
        request=request.model_dump(mode="json"),
        market_now=venue.market_now,
        end=from_ms(window.end_ms),
        timeframe=request.timeframe,
        symbols=request.symbols,
        series=request.series,
        jobs=jobs,
        unlisted=unlisted,
        clipped=clipped,
        shared=SHARED,
    )


def stage_collected(
    settings: Settings,
    batch_id: str,
    venue: str,
    plan: FetchPlan,
    collected: Collected,
    outages: OutageLog,
    retry: Retry,
    began: float,
    progress: Progress,
) -> BatchInfo:
    """Fetch what all symbols share, and stage it with what was collected as the batch `batch_id`.

    Parameters
    ----------
    plan, collected : FetchPlan, Collected
        What was to be fetched of the venue, and what came.
    outages : OutageLog
        What went wrong meanwhile.
    retry : Retry
        Retries of each request to the shared sources.
    began : float
        `time.perf_counter()` when it began.
    """
    shared = Shared(settings, plan.market_now, retry, outages)
    shared.fetch(Lake.of(settings), plan.shared, progress)
    seconds = round(time.perf_counter() - began, 3)
    return _stage(settings, batch_id, venue, plan, collected, shared, seconds)


def routine(venue: str, timeframe: str, *, is_now: bool) -> tuple[str, ...]:
    """Return the series that an ordinary run keeps up: all that the venue has at the timeframe.

    Snapshots come first, and only into a run that goes up to now.
    """
    return ((SNAPSHOTS,) if is_now else ()) + offered(venue, timeframe)


def listings(venue: Venue, symbols: Sequence[str]) -> tuple[dict[str, int | None], dict[str, str]]:
    """Return when each symbol was listed (ms, None where the venue does not say), and why others are not known."""
    listed: dict[str, int | None] = {}
    unlisted: dict[str, str] = {}
    for symbol in symbols:
        try:
            listed[symbol] = venue.market(symbol).get("created")
        except SymbolUnavailableError as error:
            logger.warning("%s failed: %s", symbol, error)
            unlisted[symbol] = str(error)
    return listed, unlisted


def _stage(
    settings: Settings,
    batch_id: str,
    venue: str,
    plan: FetchPlan,
    collected: Collected,
    shared: Shared,
    seconds: float,
) -> BatchInfo:
    pieces = collected.rows | shared.rows
    tables = {
        name: pa.concat_tables([TABLES[name].schema.empty_table(), *pieces.get(name, ())]) for name in STAGED_TABLES
    }
    tables["quarantine"] = quarantine_rows([*collected.refused, *shared.refused], plan.market_now)
    failed = _empty(plan, collected) | collected.failed
    batch = BatchInfo(
        id=batch_id,
        venue=venue,
        market_now=plan.market_now,
        timeframe=plan.timeframe,
        end=plan.end,
        symbols=plan.symbols,
        series=plan.series,
        failed_symbols=plan.unlisted
        | {symbol: reason for (series, symbol), reason in failed.items() if series == ESSENTIAL},
        failed_series={
            f"{series} {symbol}": reason for (series, symbol), reason in failed.items() if series != ESSENTIAL
        }
        | shared.failed,
        clipped=plan.clipped,
        refetched=tuple(_refetched(venue, plan, job) for job in plan.jobs if job.purpose == "gap"),
        outages=shared.outages.outages(),
        rows={name: rows.num_rows for name, rows in tables.items()},
        pages=collected.pages,
        seconds=seconds,
        part_of=plan.part_of,
    )
    write_batch(settings.home, batch, tables)
    return batch


def _empty(plan: FetchPlan, collected: Collected) -> dict[tuple[str, str], str]:
    """Symbols of which the venue had no candle up to the newest; of other series a new perpetual may have none yet."""
    wanted = {job.symbol for job in plan.jobs if job.series == ESSENTIAL and job.purpose == "newest"}
    return {
        (ESSENTIAL, symbol): f"The venue has no {plan.timeframe} candles of {symbol} in the span that was asked for."
        for symbol in sorted(wanted)
        if (ESSENTIAL, symbol) not in collected.reached
    }


def _refetched(venue: str, plan: FetchPlan, job: Job) -> RefetchedGap:
    return RefetchedGap(
        source=table_of(venue, job.series),
        subject=job.symbol,
        timeframe=plan.timeframe,
        first_missing=from_ms(job.start_ms),
        last_missing=from_ms(job.end_ms),
    )
