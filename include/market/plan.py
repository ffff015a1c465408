"""What to fetch: from the lake's newest record minus an overlap, what is wanted before its oldest one, and its gaps."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from include.core.clock import format_utc, from_ms, to_ms
from include.core.timeframes import DAY_MS, floor_to_timeframe, timeframe_ms
from include.lake.lake import Lake
from include.market.accumulation import kept_from
from include.market.endpoints import series_of
from include.market.gaps import epoch_ms
from include.market.series import Series

# closed records fetched again, to see whether the venue changed them
OVERLAP_RECORDS = 3
OVERLAP_FUNDING_MS = DAY_MS
# FRED publishes H.10 weekly, and revises
OVERLAP_MACRO = timedelta(days=14)
OVERLAP_FEAR_GREED_DAYS = 3
# the venue's first perpetual, where it does not say when a symbol was listed
FIRST_LISTING = datetime(2019, 9, 1, tzinfo=UTC)
# a gap that was asked for so often is not asked for again
GAP_ATTEMPTS = 3
# a start at the very edge of what a venue keeps has left it when the request arrives
_EDGE_MS = 600_000
RECENT_MS = 30 * DAY_MS
# some perpetuals were settled before the listing that the venue names, ADA for twelve days
_EARLY_FUNDING_MS = 30 * DAY_MS
SNAPSHOTS = "snapshots"


class Job(BaseModel):
    """One walk: a series of a symbol from a first to a last event time, epoch milliseconds.

    Parameters
    ----------
    purpose : str
        `newest`: up to the newest record; `older`: before the oldest stored one; `gap`: a hole of the ledger;
        `part`: a part of a longer walk, as a back-fill cuts it.
    known_ms : int or None
        Newest stored event time, where that is known to exist at the venue.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    series: str
    symbol: str
    start_ms: int
    end_ms: int
    purpose: Literal["newest", "older", "gap", "part"] = "newest"
    known_ms: int | None = None


class FetchPlan(BaseModel):
    """What one ingestion fetches, fixed when it began: a later try of the same request goes on with it.

    Parameters
    ----------
    request : dict
        What was asked for.
    market_now : datetime
        The exchange's clock when it began.
    end : datetime
        Open time of the newest candle wanted.
    symbols, series : tuple of str
        What is asked for.
    jobs : tuple of Job
        The walks.
    unlisted : dict
        Symbols that the venue does not list, and why nothing of them is fetched.
    clipped : dict
        As `BatchInfo.clipped`.
    shared : tuple of str
        Sources that all symbols share: `fear_greed`, `macro`.
    part_of : int or None
        As `BatchInfo.part_of`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: dict[str, Any]
    market_now: datetime
    end: datetime
    timeframe: str
    symbols: tuple[str, ...]
    series: tuple[str, ...]
    jobs: tuple[Job, ...]
    unlisted: dict[str, str]
    clipped: dict[str, str]
    shared: tuple[str, ...]
    part_of: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What is wanted.

    Parameters
    ----------
    timeframe : str
        ccxt timeframe.
    end_ms : int
        Open time of the newest closed candle wanted.
    start_ms : int or None
        First event time wanted; None: since the listing.
    is_refetch : bool
        Fetch what is stored too.
    """

    timeframe: str
    end_ms: int
    start_ms: int | None
    is_refetch: bool

    @property
    def step_ms(self) -> int:
        """Length of a candle."""
        return timeframe_ms(self.timeframe)

    def last_ms(self, series: Series) -> int:
        """Return the last event time wanted of a series: what covers a span of time closes with the candle."""
        return self.end_ms if series.layout.is_span else self.end_ms + self.step_ms


@dataclass(frozen=True, slots=True)
class Stored:
    """Oldest and newest stored event time (ms) by symbol, of one series."""

    oldest: Mapping[str, int]
    newest: Mapping[str, int]


def window_of(
    timeframe: str,
    market_now: datetime,
    start: datetime | None,
    end: datetime | None,
    candles_per_symbol: int | None,
    *,
    is_refetch: bool,
) -> Window:
    """Return what is wanted: up to the latest close at or before `end`, `market_now` when None.

    Without a start it is the last `candles_per_symbol` candles, and everything when that is None too.
    """
    length = timeframe_ms(timeframe)
    until = market_now if end is None else min(end, market_now)
    end_ms = floor_to_timeframe(to_ms(until), timeframe) - length
    start_ms = None if start is None else to_ms(start)
    if start is None and candles_per_symbol is not None:
        start_ms = end_ms - (candles_per_symbol - 1) * length
    return Window(timeframe, end_ms, start_ms, is_refetch)


def make_jobs(
    lake: Lake,
    venue: str,
    listed: Mapping[str, int | None],
    names: Sequence[str],
    window: Window,
    now_ms: int,
    recent: Collection[str] = (),
) -> tuple[tuple[Job, ...], dict[str, str]]:
    """Return the walks that bring the lake to hold what is wanted, and by series what the venue no longer keeps.

    Parameters
    ----------
    lake : Lake
        What is stored.
    venue : str
        ccxt id.
    listed : mapping
        Symbols, and when each was listed (ms) where the venue says so.
    names : sequence of str
        Series, the most important one first.
    window : Window
        What is wanted.
    now_ms : int
        The exchange's clock.
    recent : collection of str
        Series of which no more than the last 30 days are wanted.
    """
    jobs: list[Job] = []
    clipped: dict[str, str] = {}
    for name in names:
        if name == SNAPSHOTS:
            jobs += [Job(series=name, symbol=symbol, start_ms=now_ms, end_ms=now_ms) for symbol in listed]
            continue
        series = series_of(venue)[name]
        stored = _nothing() if window.is_refetch else stored_span(lake, venue, series, window.timeframe)
        gaps = {} if window.is_refetch else _open_gaps(lake, venue, series, window.timeframe)
        kept_ms = _kept_from(venue, series, window, now_ms)
        for symbol, listed_ms in listed.items():
            first_ms = _first_wanted(window, listed_ms, series)
            if name in recent:
                first_ms = max(first_ms, window.end_ms - RECENT_MS)
            if kept_ms is not None and first_ms < kept_ms:
                clipped[name] = f"The venue keeps records from {format_utc(from_ms(kept_ms))} on."
                first_ms = kept_ms
            jobs += _of_symbol(series, symbol, first_ms, window, stored)
            jobs += _of_gaps(series, symbol, first_ms, window, gaps.get(symbol, []))
    return tuple(jobs), clipped


def stored_span(lake: Lake, venue: str, series: Series, timeframe: str) -> Stored:
    """Return the stored span of a series at a venue and timeframe."""
    table = series.layout.table
    wanted = {"venue": venue, "timeframe": timeframe, **series.layout.constants}
    by = [name for name in table.key if name != table.time_column]

    def bounds(frame: pd.DataFrame) -> dict[str, int]:
        for column, value in wanted.items():
            frame = frame[frame[column] == value] if column in by else frame
        return dict(zip(frame["symbol"], epoch_ms(frame[table.time_column]).tolist(), strict=True))

    return Stored(
        bounds(lake.oldest(table.name, by, table.time_column)), bounds(lake.newest(table.name, by, table.time_column))
    )


def newest_by_series(lake: Lake) -> dict[str, int]:
    """Return the newest stored vintage (ms) of each macro series."""
    frame = lake.newest("macro", ["series"], "vintage")
    return dict(zip(frame["series"], epoch_ms(frame["vintage"]).tolist(), strict=True))


def newest_fear_greed(lake: Lake) -> int | None:
    """Return the newest stored day (ms) of fear & greed, None for none."""
    frame = lake.newest("fear_greed", ["classification"], "timestamp")
    return None if frame.empty else int(epoch_ms(frame["timestamp"]).max())


def _nothing() -> Stored:
    return Stored({}, {})


def _first_wanted(window: Window, listed_ms: int | None, series: Series) -> int:
    listed = listed_ms if listed_ms is not None else to_ms(FIRST_LISTING)
    # the first candle opens before a listing in its midst
    first = floor_to_timeframe(listed, window.timeframe) if series.timeframes else listed - _EARLY_FUNDING_MS
    return max(first if window.start_ms is None else max(window.start_ms, first), 0)


def _kept_from(venue: str, series: Series, window: Window, now_ms: int) -> int | None:
    kept_ms = kept_from(venue, series.layout.table.name, now_ms)
    return None if kept_ms is None else -(-(kept_ms + _EDGE_MS) // window.step_ms) * window.step_ms


def _of_symbol(series: Series, symbol: str, first_ms: int, window: Window, stored: Stored) -> Iterator[Job]:
    last_ms = window.last_ms(series)
    step_ms = window.step_ms if series.timeframes else 1
    newest, oldest = stored.newest.get(symbol), stored.oldest.get(symbol)
    start_ms = first_ms
    if newest is not None:
        overlap_ms = (OVERLAP_RECORDS - 1) * step_ms if series.timeframes else OVERLAP_FUNDING_MS
        # a lake ahead of the exchange's clock (a sandbox set back) must not skip the overlap
        start_ms = max(min(newest, last_ms) - overlap_ms, first_ms)
    known_ms = newest if newest is not None and newest <= last_ms else None
    if start_ms <= last_ms:
        yield Job(series=series.name, symbol=symbol, start_ms=start_ms, end_ms=last_ms, known_ms=known_ms)
    # a lake that was filled for a shorter window does not end the history: the wider window is filled backwards
    if oldest is not None and oldest - step_ms >= first_ms:
        end_ms = min(oldest - step_ms, last_ms)
        yield Job(series=series.name, symbol=symbol, start_ms=first_ms, end_ms=end_ms, purpose="older")


def _of_gaps(
    series: Series, symbol: str, first_ms: int, window: Window, gaps: Sequence[tuple[int, int]]
) -> Iterator[Job]:
    for start_ms, end_ms in gaps:
        start_ms, end_ms = max(start_ms, first_ms), min(end_ms, window.last_ms(series))
        if start_ms <= end_ms:
            yield Job(series=series.name, symbol=symbol, start_ms=start_ms, end_ms=end_ms, purpose="gap")


def _open_gaps(lake: Lake, venue: str, series: Series, timeframe: str) -> dict[str, list[tuple[int, int]]]:
    """Holes of the ledger that are still worth asking for, by symbol: first and last missing event time."""
    conditions: list[Any] = [
        ("source", "=", series.layout.table.name),
        ("venue", "=", venue),
        ("timeframe", "=", timeframe if series.timeframes else ""),
        ("status", "=", "open"),
        ("attempts", "<", GAP_ATTEMPTS),
    ]
    # the ledger does not tell the prices of price candles apart
    frame = lake.read("gaps", ["subject", "first_missing", "last_missing"], conditions)
    times = zip(epoch_ms(frame["first_missing"]).tolist(), epoch_ms(frame["last_missing"]).tolist(), strict=True)
    found: dict[str, list[tuple[int, int]]] = {}
    for symbol, span in zip(frame["subject"], times, strict=True):
        found.setdefault(symbol, []).append(span)
    return found
