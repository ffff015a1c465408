"""Cutting what is to be fetched into batches that fit into memory: walks into parts, parts into batches."""

from collections.abc import Iterator, Sequence

from include.market.collect import expected_records
from include.market.endpoints import endpoint
from include.market.plan import SNAPSHOTS, Job

# fetching, judging and publishing so many of the widest records stays below 1 GiB, all libraries loaded
BATCH_RECORDS = 150_000
# parts of a walk that fill a batch of their own, so that they are fetched at once
_PARTS = 8


def cut(venue: str, timeframe: str, symbols: Sequence[str], jobs: Sequence[Job], records: int) -> list[list[Job]]:
    """Return `jobs` as batches of at most `records` records each, symbol by symbol.

    A walk longer than an eighth of a batch is cut between pages, so that its parts ask for what the whole would ask
    for, but at once.

    Parameters
    ----------
    venue, timeframe : str
        ccxt id of the venue, ccxt timeframe.
    symbols : sequence of str
        The order of the symbols.
    jobs : sequence of Job
        Walks.
    records : int
        Counted at the longest distance of two records, as `expected_records` does; a page is the least.
    """
    place = {symbol: number for number, symbol in enumerate(symbols)}
    # what is new of all symbols comes before what is older than the lake
    ordered = sorted(jobs, key=lambda job: (job.purpose == "older", place[job.symbol]))
    batches: list[list[Job]] = [[]]
    room = records
    for part in (part for job in ordered for part in _parts(venue, timeframe, job, records // _PARTS)):
        count = expected_records(venue, timeframe, part)
        if batches[-1] and count > room:
            batches.append([])
            room = records
        batches[-1].append(part)
        room -= count
    return batches


def _parts(venue: str, timeframe: str, job: Job, records: int) -> Iterator[Job]:
    if job.series == SNAPSHOTS or expected_records(venue, timeframe, job) <= records:
        yield job
        return
    found = endpoint(venue, job.series, "", timeframe)
    first_ms = -(-job.start_ms // found.step_ms) * found.step_ms
    pages = max(records // found.limit, 1)
    length_ms = found.window_ms * pages if found.window_ms else found.limit * pages * (found.slack_ms or found.step_ms)
    starts = range(first_ms, job.end_ms + 1, length_ms)
    # backwards from what is stored, so that no batch leaves a hole in between
    for start_ms in reversed(starts) if job.purpose == "older" else starts:
        end_ms = min(start_ms + length_ms - found.step_ms, job.end_ms)
        known_ms = job.known_ms if job.known_ms is not None and start_ms <= job.known_ms <= end_ms else None
        changes = {"start_ms": start_ms, "end_ms": end_ms, "known_ms": known_ms}
        # a hole of the ledger stays one, so that each part of it is told as asked for again
        yield job.model_copy(update=changes | ({} if job.purpose == "gap" else {"purpose": "part"}))
