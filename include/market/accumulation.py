"""Series that a venue keeps for some days only: what can still be asked for, what is lost, what was collected.

They are collected by each ordinary run, from the newest stored record on. What a run misses for longer than the
venue keeps it cannot be back-filled by anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from include.core.clock import from_ms, to_ms
from include.core.columns import BASIS, GAPS, LONG_SHORT_RATIO, OPEN_INTEREST, TAKER_RATIO, Table, table
from include.core.timeframes import DAY_MS, MINUTE_MS, timeframe_ms
from include.lake.filters import Condition
from include.lake.lake import Lake
from include.market.endpoints import history_ms
from include.market.gaps import Gap, epoch_ms, find_gaps

ACCUMULATED: tuple[Table, ...] = (OPEN_INTEREST, LONG_SHORT_RATIO, TAKER_RATIO, BASIS)
# records asked for again, to see whether the venue changed them
OVERLAP_RECORDS = 3
# a start at the very edge has left the window when the request arrives
_EDGE_MS = 10 * MINUTE_MS
LOST = "lost"


@dataclass(frozen=True, slots=True)
class Collected:
    """How much of one series of one symbol was collected since its first record.

    Parameters
    ----------
    table, venue, symbol, timeframe : str
        Which series.
    first, last : datetime
        Event times of its oldest and its newest record.
    expected_count, present_count : int
        Records that there should be from the first until now, and those that there are.
    gaps : tuple of Gap
        The missing ones, the newest included; a gap at the edge of what the venue keeps is split there.
    lost_count : int
        Missing records that the venue no longer keeps.
    """

    table: str
    venue: str
    symbol: str
    timeframe: str
    first: datetime
    last: datetime
    expected_count: int
    present_count: int
    gaps: tuple[Gap, ...]
    lost_count: int

    @property
    def share(self) -> float:
        """Share of the expected records that are present, 0 … 1."""
        return self.present_count / self.expected_count


def collect_from(venue: str, series: str, step_ms: int, newest_ms: int | None, now_ms: int) -> int | None:
    """Return the first event time that an ordinary run asks for, epoch milliseconds.

    Parameters
    ----------
    venue, series : str
        Venue and lake table.
    step_ms : int
        Distance of two records.
    newest_ms : int or None
        Newest stored event time, None where nothing is stored.
    now_ms : int
        The exchange's clock.

    Returns
    -------
    int or None
        The newest stored record minus an overlap, and nothing that the venue no longer keeps; None: nothing is stored
        and the venue keeps everything.
    """
    oldest_ms = kept_from(venue, series, now_ms)
    if newest_ms is None:
        return None if oldest_ms is None else _up_to_grid(oldest_ms + _EDGE_MS, step_ms)
    wanted = min(newest_ms, now_ms) - (OVERLAP_RECORDS - 1) * step_ms
    return wanted if oldest_ms is None else max(wanted, _up_to_grid(oldest_ms + _EDGE_MS, step_ms))


def kept_from(venue: str, series: str, now_ms: int) -> int | None:
    """Return the oldest event time of a lake table that the venue still keeps at `now_ms`, None: it keeps all."""
    kept_ms = history_ms(venue, series)
    return None if kept_ms is None else now_ms - kept_ms


def coverage_map(lake: Lake, market_now: datetime, conditions: Sequence[Condition] = ()) -> list[Collected]:
    """Return how much was collected of every accumulated series and symbol of the lake, sorted by table and key.

    `conditions` on venue, symbol and timeframe leave out the others.
    """
    return [
        _collected(definition.name, key, times, market_now)
        for definition in ACCUMULATED
        for key, times in _stored(lake, definition, conditions)
    ]


def write_lost(lake: Lake, venue: str, timeframe: str, market_now: datetime) -> None:
    """Write the missing records that the venue no longer keeps into the ledger `gaps`, as lost.

    Doing it twice changes nothing more.
    """
    conditions = [("venue", "=", venue), ("timeframe", "=", timeframe)]
    stored = lake.read_arrow(GAPS.name, filters=[*conditions, ("status", "=", LOST)]).to_pylist()
    known = {tuple(row[name] for name in GAPS.key): row for row in stored}
    rows = []
    for collected in coverage_map(lake, market_now, conditions):
        kept_ms = kept_from(venue, collected.table, to_ms(market_now))
        for gap in collected.gaps:
            if kept_ms is not None and to_ms(gap.last) < kept_ms:
                row = _lost(collected, gap, market_now)
                found = known.get(tuple(row[name] for name in GAPS.key), row)
                rows.append(row | {"found_at": found["found_at"]})
    if rows:
        lake.merge(GAPS.name, pa.Table.from_pylist(rows, schema=GAPS.schema))


def _lost(collected: Collected, gap: Gap, market_now: datetime) -> dict[str, Any]:
    days = (history_ms(collected.venue, collected.table) or 0) // DAY_MS
    return {
        "source": collected.table,
        "venue": collected.venue,
        "subject": collected.symbol,
        "timeframe": collected.timeframe,
        "first_missing": gap.first,
        "last_missing": gap.last,
        "missing_count": gap.count,
        "status": LOST,
        "reason": f"It cannot be back-filled: the venue keeps {days} days, and no run asked in time.",
        "attempts": 0,
        "found_at": market_now,
        "tried_at": None,
    }


def split_lost(gap: Gap, step_ms: int, kept_from_ms: int | None) -> tuple[Gap | None, Gap | None]:
    """Return the part of `gap` that cannot be back-filled, and the part that can; None for a part without records.

    Parameters
    ----------
    gap : Gap
        Missing records.
    step_ms : int
        Distance of two records.
    kept_from_ms : int or None
        From `kept_from`.
    """
    if kept_from_ms is None or to_ms(gap.first) >= kept_from_ms:
        return None, gap
    if to_ms(gap.last) < kept_from_ms:
        return gap, None
    edge_ms = to_ms(gap.first) + -(-(kept_from_ms - to_ms(gap.first)) // step_ms) * step_ms
    return _gap(to_ms(gap.first), edge_ms - step_ms, step_ms), _gap(edge_ms, to_ms(gap.last), step_ms)


def _stored(
    lake: Lake, definition: Table, conditions: Sequence[Condition]
) -> list[tuple[tuple[str, str, str], "pd.Series[pd.Timestamp]"]]:
    frame = lake.read(definition.name, list(definition.key), conditions)
    groups = frame.groupby(["venue", "symbol", "timeframe"], sort=True)[definition.time_column]
    return [((str(key[0]), str(key[1]), str(key[2])), times) for key, times in groups]


def _collected(
    name: str, key: tuple[str, str, str], times: "pd.Series[pd.Timestamp]", market_now: datetime
) -> Collected:
    venue, symbol, timeframe = key
    step_ms, now_ms = timeframe_ms(timeframe), to_ms(market_now)
    stored = epoch_ms(times)
    newest_ms = max(_newest_expected(name, step_ms, now_ms), int(stored[-1]))
    # the last record that there should be closes the search for gaps, and is a gap itself unless it is there
    until = np.append(stored, newest_ms + step_ms)
    gaps = [
        part for gap in find_gaps(until, step_ms) for part in split_lost(gap, step_ms, kept_from(venue, name, now_ms))
    ]
    kept_ms = kept_from(venue, name, now_ms)
    missing = tuple(gap for gap in gaps if gap is not None)
    return Collected(
        table=name,
        venue=venue,
        symbol=symbol,
        timeframe=timeframe,
        first=from_ms(int(stored[0])),
        last=from_ms(int(stored[-1])),
        expected_count=(newest_ms - int(stored[0])) // step_ms + 1,
        present_count=len(stored),
        gaps=missing,
        lost_count=sum(gap.count for gap in missing if kept_ms is not None and to_ms(gap.last) < kept_ms),
    )


def _newest_expected(name: str, step_ms: int, now_ms: int) -> int:
    newest_ms = now_ms - now_ms % step_ms
    # takers' volumes are those of the period that begins at their time
    return newest_ms - step_ms if table(name) is TAKER_RATIO else newest_ms


def _gap(first_ms: int, last_ms: int, step_ms: int) -> Gap:
    return Gap(from_ms(first_ms), from_ms(last_ms), (last_ms - first_ms) // step_ms + 1)


def _up_to_grid(instant_ms: int, step_ms: int) -> int:
    return -(-instant_ms // step_ms) * step_ms
