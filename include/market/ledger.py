"""The ledger of a published batch: candles that are missing, what was asked for again, and when a source was away.

Nothing is filled here. A hole stays in the ledger as `open` until the venue delivers it (`filled`); the next batches
ask for it again (`plan`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.core.clock import from_ms, to_ms
from include.core.columns import CANDLES, GAPS, OUTAGES
from include.core.timeframes import timeframe_ms
from include.lake.lake import Lake
from include.market.gaps import Gap, find_gaps
from include.market.staging import BatchInfo

OPEN, FILLED = "open", "filled"
# so far before the first candle of a batch the one before it is looked for first
_NEAR_STEPS = 8

Row = dict[str, Any]


def write_ledger(lake: Lake, batch: BatchInfo, candles: pa.Table) -> None:
    """Write down the holes and the outages that a batch shows, after its candles are in the lake.

    Writing the same batch again changes nothing.

    Parameters
    ----------
    lake : Lake
        Holds the batch.
    batch : BatchInfo
        What was fetched.
    candles : pyarrow.Table
        The candles of it that were published.
    """
    rows = [row for look in _looks(lake, batch, candles) for row in _reconciled(batch, *look)]
    if rows:
        lake.merge(GAPS.name, pa.Table.from_pylist(rows, schema=GAPS.schema))
    if batch.outages:
        outages = [outage.model_dump() for outage in batch.outages]
        lake.merge(OUTAGES.name, pa.Table.from_pylist(outages, schema=OUTAGES.schema))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A part of the candles of one symbol: from where on it was looked at, and the open times (ms) that are there."""

    symbol: str
    start_ms: int
    times: NDArray[np.int64]


def _looks(lake: Lake, batch: BatchInfo, candles: pa.Table) -> Iterator[tuple[_Seen, list[Row]]]:
    """Yield what the batch touched of each symbol, with the open holes that the ledger has of it."""
    touched = _first_touched(batch, candles)
    if not touched:
        return
    known = _known(lake, batch, list(touched))
    first = {symbol: _whole(known.get(symbol, []), start_ms) for symbol, start_ms in touched.items()}
    near_ms = min(first.values()) - _NEAR_STEPS * timeframe_ms(batch.timeframe)
    near = _open_times(lake, batch, list(first), near_ms)
    for symbol, start_ms in first.items():
        times = near[symbol]
        if times[0] >= start_ms:
            before = _newest_before(lake, batch, symbol, start_ms)
            times = times if before is None else np.concatenate([[before], times])
        since = times[max(np.searchsorted(times, start_ms) - 1, 0) :]
        yield _Seen(symbol, int(since[0]), since), known.get(symbol, [])


def _first_touched(batch: BatchInfo, candles: pa.Table) -> dict[str, int]:
    """When the batch begins for each of its symbols, ms: with a candle, or with a hole that was asked for again."""
    grouped = candles.group_by("symbol").aggregate([("open_time", "min")])
    first = dict(zip(grouped["symbol"].to_pylist(), map(to_ms, grouped["open_time_min"].to_pylist()), strict=True))
    for hole in batch.refetched:
        if hole.source == CANDLES.name and hole.subject in first:
            first[hole.subject] = min(first[hole.subject], to_ms(hole.first_missing))
    return first


def _whole(known: Sequence[Row], start_ms: int) -> int:
    """Return `start_ms`, or where the known hole begins into which it falls."""
    return min([start_ms, *(to_ms(row["first_missing"]) for row in known if to_ms(row["last_missing"]) >= start_ms)])


def _open_times(lake: Lake, batch: BatchInfo, symbols: Sequence[str], start_ms: int) -> Mapping[str, NDArray[np.int64]]:
    conditions = [*_of(batch), ("symbol", "in", symbols), ("open_time", ">=", from_ms(start_ms))]
    rows = lake.read_arrow(CANDLES.name, ["symbol", "open_time"], conditions)
    times = rows["open_time"].cast(pa.int64()).to_numpy()
    codes = pc.index_in(rows["symbol"], pa.array(symbols, pa.string())).to_numpy()
    return {symbol: times[codes == code] for code, symbol in enumerate(symbols)}


def _newest_before(lake: Lake, batch: BatchInfo, symbol: str, start_ms: int) -> int | None:
    conditions = [*_of(batch), ("symbol", "=", symbol), ("open_time", "<", from_ms(start_ms))]
    newest = pc.max(lake.read_arrow(CANDLES.name, ["open_time"], conditions)["open_time"]).as_py()
    return None if newest is None else to_ms(newest)


def _of(batch: BatchInfo) -> list[Any]:
    return [("venue", "=", batch.venue), ("timeframe", "=", batch.timeframe)]


def _known(lake: Lake, batch: BatchInfo, symbols: Collection[str]) -> dict[str, list[Row]]:
    conditions = [*_of(batch), ("source", "=", CANDLES.name), ("status", "=", OPEN), ("subject", "in", list(symbols))]
    found: dict[str, list[Row]] = {}
    for row in lake.read_arrow(GAPS.name, filters=conditions).to_pylist():
        found.setdefault(row["subject"], []).append(row)
    return found


def _reconciled(batch: BatchInfo, seen: _Seen, known: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows of the ledger that are new or have changed for one symbol."""
    holes = {gap.first: gap for gap in find_gaps(seen.times, timeframe_ms(batch.timeframe))}
    known = [row for row in known if to_ms(row["last_missing"]) >= seen.start_ms]
    for row in known:
        if row["first_missing"] not in holes:
            yield _asked(batch, row) | {"status": FILLED, "reason": "The venue delivered its first candle later."}
    for gap in holes.values():
        overlapping = [row for row in known if row["first_missing"] <= gap.last and row["last_missing"] >= gap.first]
        yield _hole(batch, seen.symbol, gap, overlapping)


def _hole(batch: BatchInfo, symbol: str, gap: Gap, overlapping: Sequence[Row]) -> Row:
    """Return the row of a hole; one that is the rest of a larger one keeps when that was found and asked for."""
    asked = [_asked(batch, row) for row in overlapping]
    tried = [row["tried_at"] for row in asked if row["tried_at"] is not None]
    attempts = max((row["attempts"] for row in asked), default=0)
    return {
        "source": CANDLES.name,
        "venue": batch.venue,
        "subject": symbol,
        "timeframe": batch.timeframe,
        "first_missing": gap.first,
        "last_missing": gap.last,
        "missing_count": gap.count,
        "status": OPEN,
        "reason": "The venue did not deliver them" + (f", asked again {attempts} times." if attempts else "."),
        "attempts": attempts,
        "found_at": min((row["found_at"] for row in asked), default=batch.market_now),
        "tried_at": max(tried, default=None),
    }


def _asked(batch: BatchInfo, row: Row) -> Row:
    """Return the row of a hole with this batch's attempt counted, once."""
    was_asked = any(
        hole.source == row["source"]
        and hole.subject == row["subject"]
        and _overlap(hole.first_missing, hole.last_missing, row)
        for hole in batch.refetched
    )
    if not was_asked or row["tried_at"] == batch.market_now:
        return row
    return row | {"attempts": row["attempts"] + 1, "tried_at": batch.market_now}


def _overlap(first: datetime, last: datetime, row: Row) -> bool:
    is_overlapping: bool = first <= row["last_missing"] and last >= row["first_missing"]
    return is_overlapping
