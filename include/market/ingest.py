"""One ingestion: fetch everything new into a batch. Publishing it is `publish.py`'s."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import pyarrow as pa

from include.config.settings import Settings
from include.core.clock import format_utc, from_ms
from include.core.columns import CANDLES, FEAR_GREED, FUNDING_RATES, MACRO
from include.core.errors import ConfigurationError, InvalidInputError, TransientError
from include.core.progress import Progress, no_progress
from include.core.timeframes import DAY_MS, timeframe_ms
from include.lake.lake import Lake
from include.market.candles import fetch_candles
from include.market.errors import PageError, SymbolUnavailableError
from include.market.exchange import Venue, market_of, open_venue
from include.market.funding import fetch_fundings
from include.market.macro import EARLIEST, SERIES, fetch_series, open_fred
from include.market.plan import OVERLAP_FEAR_GREED_DAYS, OVERLAP_MACRO, Plan, make_plan
from include.market.quarantine import Refused, Sifted, quarantine_rows
from include.market.retry import Retry
from include.market.sentiment import fetch_fear_greed
from include.market.staging import BatchInfo, batch_folder, write_batch

logger = logging.getLogger(__name__)


def fetch(
    settings: Settings,
    batch_id: str,
    *,
    symbols: Sequence[str],
    timeframe: str = "4h",
    start: datetime | None = None,
    end: datetime | None = None,
    progress: Progress = no_progress,
    retry: Retry | None = None,
) -> BatchInfo:
    """Fetch candles, funding, fear & greed and macro into the batch `batch_id`; the lake is only read.

    Without `start` each symbol goes on from its newest stored record, with an overlap; where nothing
    is stored, the profile's last candles are fetched (everything since the listing when it names no
    number), and funding over the same window.

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
        Candles that open at or after `start` and close at or before `end`.
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
        The venue failed more often than the retries allow; nothing was staged.
    """
    began = time.perf_counter()
    batch_folder(settings.home, batch_id)
    _require_order(symbols, start, end)
    venue = open_venue(settings, retry)
    if start is not None and start >= venue.market_now:
        raise InvalidInputError(
            f"`start` must be before the exchange's now, {format_utc(venue.market_now)}, was {format_utc(start)}."
        )
    plan = make_plan(
        Lake.of(settings),
        venue.exchange.id,
        timeframe,
        venue.market_now,
        settings.profile.candles_per_symbol,
        start,
        end,
    )
    gathering = _Gathering()
    _fetch_symbols(venue, plan, symbols, gathering, progress)
    _fetch_fear_greed(settings, venue, plan, gathering, progress)
    _fetch_macro(settings, venue, plan, gathering, progress)
    tables = gathering.tables(venue.market_now)
    batch = BatchInfo(
        id=batch_id,
        venue=venue.exchange.id,
        market_now=venue.market_now,
        timeframe=timeframe,
        end=from_ms(plan.end_ms),
        symbols=tuple(symbols),
        failed_symbols=gathering.failed_symbols,
        failed_series=gathering.failed_series,
        rows={name: rows.num_rows for name, rows in tables.items()},
        seconds=round(time.perf_counter() - began, 3),
    )
    write_batch(settings.home, batch, tables)
    return batch


class _Gathering:
    """What has come so far, per table."""

    def __init__(self) -> None:
        self.rows: dict[str, list[pa.Table]] = {t.name: [] for t in (CANDLES, FUNDING_RATES, FEAR_GREED, MACRO)}
        self.refused: list[Refused] = []
        self.failed_symbols: dict[str, str] = {}
        self.failed_series: dict[str, str] = {}

    def add(self, table: str, rows: pa.Table, refused: Sequence[Refused]) -> None:
        self.rows[table].append(rows)
        self.refused.extend(refused)

    def tables(self, seen_at: datetime) -> dict[str, pa.Table]:
        schemas = {t.name: t.schema for t in (CANDLES, FUNDING_RATES, FEAR_GREED, MACRO)}
        gathered = {name: pa.concat_tables([schemas[name].empty_table(), *rows]) for name, rows in self.rows.items()}
        return gathered | {"quarantine": quarantine_rows(self.refused, seen_at)}


def _fetch_symbols(venue: Venue, plan: Plan, symbols: Sequence[str], gathering: _Gathering, progress: Progress) -> None:
    for done, symbol in enumerate(symbols, start=1):
        try:
            _fetch_symbol(venue, plan, symbol, gathering)
        except (SymbolUnavailableError, PageError) as error:
            logger.warning("%s failed: %s", symbol, error)
            gathering.failed_symbols[symbol] = str(error)
        progress("candles and funding", done, len(symbols))


def _fetch_symbol(venue: Venue, plan: Plan, symbol: str, gathering: _Gathering) -> None:
    listed_ms = market_of(venue.exchange, symbol).get("created")
    start_ms = plan.candles_from(symbol, listed_ms)
    candles = fetch_candles(venue, symbol, plan.timeframe, start_ms, plan.end_ms)
    funding_end_ms = plan.end_ms + timeframe_ms(plan.timeframe)
    fundings = fetch_fundings(venue, symbol, plan.fundings_from(symbol, listed_ms), funding_end_ms)
    gathering.add(CANDLES.name, candles.rows, candles.refused)
    gathering.add(FUNDING_RATES.name, fundings.rows, fundings.refused)
    if (older := plan.candles_before(symbol, listed_ms)) is not None:
        candles = fetch_candles(venue, symbol, plan.timeframe, *older)
        gathering.add(CANDLES.name, candles.rows, candles.refused)
    if (older := plan.fundings_before(symbol, listed_ms)) is not None:
        fundings = fetch_fundings(venue, symbol, *older)
        gathering.add(FUNDING_RATES.name, fundings.rows, fundings.refused)


def _fetch_fear_greed(settings: Settings, venue: Venue, plan: Plan, gathering: _Gathering, progress: Progress) -> None:
    days = 0
    if plan.fear_greed_ms is not None:
        days = max(venue.now_ms - plan.fear_greed_ms, 0) // DAY_MS + OVERLAP_FEAR_GREED_DAYS
    _one_series(
        gathering,
        FEAR_GREED.name,
        "fear_greed",
        lambda: fetch_fear_greed(settings, venue.retry, venue.market_now, days),
    )
    progress("fear & greed", 1, 1)


def _fetch_macro(settings: Settings, venue: Venue, plan: Plan, gathering: _Gathering, progress: Progress) -> None:
    try:
        client = open_fred(settings)
    except ConfigurationError as error:
        gathering.failed_series.update(dict.fromkeys(SERIES, str(error)))
        return
    with client:
        for done, series in enumerate(SERIES, start=1):
            newest_ms = plan.macro.get(series)
            start = EARLIEST if newest_ms is None else from_ms(newest_ms) - OVERLAP_MACRO
            is_away = not _one_series(
                gathering,
                MACRO.name,
                series,
                lambda series=series, start=start: fetch_series(  # type: ignore[misc]  # bound now, called now
                    client, venue.retry, series, venue.market_now, start
                ),
            )
            progress("macro", done, len(SERIES))
            if is_away:
                waiting = list(SERIES)[done:]
                gathering.failed_series.update(dict.fromkeys(waiting, f"Not asked for, after {series} failed."))
                break


def _one_series(gathering: _Gathering, table: str, name: str, call: Callable[[], Sifted]) -> bool:
    """Gather one series and return whether its source answers.

    Sentiment and macro are as-of joined with their age: one of them missing is told, not fatal.
    """
    try:
        sifted = call()
    except (InvalidInputError, TransientError) as error:
        logger.warning("%s failed: %s", name, error)
        gathering.failed_series[name] = str(error)
        return not isinstance(error, TransientError)
    gathering.add(table, sifted.rows, sifted.refused)
    return True


def _require_order(symbols: Sequence[str], start: datetime | None, end: datetime | None) -> None:
    if not symbols:
        raise InvalidInputError("`symbols` must name at least one symbol, was empty.")
    if start is not None and end is not None and start >= end:
        raise InvalidInputError(f"`start` must be before `end`, was {start.isoformat()} and {end.isoformat()}.")
