"""A back-fill: symbols × a span of time in batches, each fetched, validated and published before the next.

Memory is bounded by one batch. A process that is killed at any moment loses nothing but the requests that were on
their way: the same request goes on with the same plan, an unfinished batch with the pages in its journal.
"""

import asyncio
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow.compute as pc

from include.config.settings import Settings
from include.core.clock import from_ms, wall_now
from include.core.errors import DataQualityError
from include.core.progress import Progress, no_progress
from include.market.backfill_record import BackfillPlan, BackfillRecord, BatchOutcome
from include.market.collect import ESSENTIAL, collect, expected_records
from include.market.cutting import BATCH_RECORDS, cut
from include.market.ingest import FetchRequest, make_plan, stage_collected
from include.market.journal import Journal
from include.market.outages import OutageLog
from include.market.plan import FetchPlan, Job
from include.market.publish import publish
from include.market.retry import Retry
from include.market.staging import BatchInfo, batch_folder, read_batch, read_staged
from include.market.venue import Venue, open_venue

logger = logging.getLogger(__name__)

_LABEL = "records"


@dataclass(frozen=True, slots=True)
class Backfilled:
    """A back-fill that ended: its plan, how each batch ended, and how many of them earlier tries had ended."""

    plan: BackfillPlan
    outcomes: tuple[BatchOutcome, ...]
    ended_before: int

    @property
    def failed_symbols(self) -> dict[str, str]:
        """Symbols of which no candle came, and why."""
        failed = dict(self.plan.unlisted)
        for outcome in self.outcomes:
            failed |= outcome.failed_symbols
        came = {symbol for outcome in self.outcomes for symbol in outcome.symbols}
        asked = {job.symbol for batch in self.plan.batches for job in batch.jobs if job.series == ESSENTIAL}
        none = f"The venue has no {self.plan.request.timeframe} candles of {{}} in the span that was asked for."
        return {symbol: none.format(symbol) for symbol in sorted(asked - came)} | failed


def backfill(
    settings: Settings,
    request: FetchRequest,
    validate: Callable[[str], Sequence[str]],
    *,
    progress: Progress = no_progress,
    retry: Retry | None = None,
    batch_records: int = BATCH_RECORDS,
) -> Backfilled:
    """Fetch, validate and publish batch after batch until nothing of the request is missing.

    The same request goes on where an earlier try of it was cut off, within a week: batches that ended are left alone,
    and no page that was written down is fetched again. The exchange's clock stays that of the first try.

    Parameters
    ----------
    settings : Settings
        Where the outside world and the home are.
    request : FetchRequest
        What is asked for.
    validate : callable
        ``validate(batch_id) -> messages`` judges a staged batch, seals it and returns what did not pass; it raises
        `DataQualityError` where nothing of it may be published. Such a batch stays staged, and the next one goes on.
    progress : callable
        Told records done and records in all, those of earlier tries among them.
    retry : Retry or None
        Retries of each request.
    batch_records : int
        As `cutting.cut`.

    Raises
    ------
    AlreadyRunningError
        Another process is at the same request.
    TransientError, InvalidInputError, ConfigurationError
        As `ingest.fetch`; the same request goes on where it stopped.
    """
    record = BackfillRecord(settings.home.backfills, request, batch_records)
    with record.held(), asyncio.Runner() as runner:
        retry = retry or Retry()
        connection = _Connection(settings, request.venue, retry, runner)
        try:
            plan = record.plan()
            if plan is None:
                plan = _cut(make_plan(settings, connection.venue(None), request), request, batch_records)
                record.begin(plan)
            ended = record.outcomes(plan)
            before, meter = len(ended), _Meter(plan, progress)
            batches = [_Batch(settings, plan, number, connection, retry) for number in range(len(plan.batches))]
            # the try before may have been cut off after it wrote down how its last batch ended
            for batch, outcome in list(zip(batches, ended, strict=False))[-1:]:
                batch.forget(outcome)
            for number in range(before, len(batches)):
                ended.append(batches[number].run(validate, meter.of(number)))
                record.end(number, ended[number])
                batches[number].forget(ended[number])
            meter.end()
            record.remove()
            return Backfilled(plan, tuple(ended), before)
        finally:
            connection.close()


class _Connection:
    """The venue, opened when it is first needed, with the clock of the first try."""

    def __init__(self, settings: Settings, name: str, retry: Retry, runner: asyncio.Runner) -> None:
        self._settings, self._name, self._retry, self.runner = settings, name, retry, runner
        self._stack = AsyncExitStack()
        self._opened: Venue | None = None

    def venue(self, market_now: datetime | None) -> Venue:
        """Return the open venue, with a log of outages of its own."""
        if self._opened is None:
            opening = open_venue(self._settings, self._name, self._retry, market_now)
            self._opened = self.runner.run(self._stack.enter_async_context(opening))
        return replace(self._opened, outages=OutageLog())

    def close(self) -> None:
        self.runner.run(self._stack.aclose())


class _Batch:
    """One batch, wherever an earlier try left it."""

    def __init__(
        self, settings: Settings, plan: BackfillPlan, number: int, connection: _Connection, retry: Retry
    ) -> None:
        self._settings, self._plan, self._connection, self._retry = settings, plan.batches[number], connection, retry
        self._is_last = number == len(plan.batches) - 1
        self._id = plan.batch_id(number)
        self._journal = Journal(settings.home.page_journals / self._id)

    def run(self, validate: Callable[[str], Sequence[str]], progress: Progress) -> BatchOutcome:
        """Bring it into the lake and return how it ended."""
        batch = self._staged() or self._fetch(progress)
        outcome = BatchOutcome(
            batch_id=self._id,
            rows=batch.rows,
            symbols=tuple(pc.unique(read_staged(self._settings.home, self._id, ESSENTIAL)["symbol"]).to_pylist()),
            failed_symbols=batch.failed_symbols,
            failed_series=batch.failed_series,
            pages=batch.pages,
        )
        if batch.part_of is not None and not any(batch.rows.values()):
            return outcome
        try:
            failures = tuple(validate(self._id))
            published = publish(self._settings, self._id)
        except DataQualityError as error:
            logger.warning("batch %s was not published: %s", self._id, error)
            return outcome.model_copy(update={"refused": str(error)})
        changes = {
            "failures": failures,
            "inserted": {name: result.inserted for name, result in published.tables.items()},
            "updated": {name: result.updated for name, result in published.tables.items()},
        }
        return outcome.model_copy(update=changes)

    def forget(self, outcome: BatchOutcome) -> None:
        """Remove what is in the lake now, or empty; the last batch stays for whoever wants to see what was staged."""
        self._journal.remove()
        if not outcome.refused and not self._is_last:
            shutil.rmtree(batch_folder(self._settings.home, self._id), ignore_errors=True)

    def _staged(self) -> BatchInfo | None:
        is_staged = (batch_folder(self._settings.home, self._id) / "batch.json").exists()
        return read_batch(self._settings.home, self._id) if is_staged else None

    def _fetch(self, progress: Progress) -> BatchInfo:
        began, plan = time.perf_counter(), self._plan
        if self._journal.plan() is None:
            self._journal.begin(plan.model_dump(mode="json"))
        venue = self._connection.venue(plan.market_now)
        walks = collect(venue, plan.timeframe, plan.jobs, self._journal, progress, _LABEL)
        collected = self._connection.runner.run(walks)
        return stage_collected(
            self._settings, self._id, venue.name, plan, collected, venue.outages, self._retry, began, progress
        )


class _Meter:
    """Tells the records of a batch as a part of those of the whole."""

    def __init__(self, plan: BackfillPlan, progress: Progress) -> None:
        self._progress = progress
        self._expected = [
            sum(expected_records(plan.request.venue, plan.request.timeframe, job) for job in batch.jobs)
            for batch in plan.batches
        ]
        self._total = sum(self._expected)

    def of(self, number: int) -> Progress:
        """Return the progress function of a batch, and tell those before it."""
        before = sum(self._expected[:number])
        self._progress(_LABEL, before, self._total)

        def report(label: str, done: int, total: int) -> None:
            if label == _LABEL:
                self._progress(label, before + done, self._total)
            else:
                self._progress(label, done, total)

        return report

    def end(self) -> None:
        """Tell that all is done."""
        self._progress(_LABEL, self._total, self._total)


def _cut(plan: FetchPlan, request: FetchRequest, batch_records: int) -> BackfillPlan:
    """Return `plan` in batches; what all symbols share comes with the first."""
    parts = cut(request.venue, request.timeframe, request.symbols, plan.jobs, batch_records)
    batches = [plan] if len(parts) == 1 else [_batch_of(plan, jobs, is_first=jobs is parts[0]) for jobs in parts]
    return BackfillPlan(
        id=f"backfill__{wall_now():%Y%m%dT%H%M%S%f}",
        request=request,
        market_now=plan.market_now,
        unlisted=plan.unlisted,
        clipped=plan.clipped,
        batches=tuple(batches),
    )


def _batch_of(plan: FetchPlan, jobs: Sequence[Job], *, is_first: bool) -> FetchPlan:
    wanted = {job.symbol for job in jobs}
    series = {job.series for job in jobs}
    ends = [job.end_ms for job in jobs if job.series == ESSENTIAL]
    changes = {
        "end": from_ms(max(ends)) if ends else plan.end,
        "symbols": tuple(symbol for symbol in plan.symbols if symbol in wanted),
        "series": tuple(name for name in plan.series if name in series),
        "jobs": tuple(jobs),
        "unlisted": {},
        "clipped": plan.clipped if is_first else {},
        "shared": plan.shared if is_first else (),
        "part_of": len(plan.symbols),
    }
    return plan.model_copy(update=changes)
