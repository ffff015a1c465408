"""Every check on candles as they will stand in the lake, one symbol after the other, so that memory holds one."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from include.core.checks import CheckResult
from include.core.columns import CANDLES
from include.lake.lake import Lake
from include.market.staging import BatchInfo
from include.validation.candle_series import CandleSeries, Context, standing_series
from include.validation.continuity import MISSING_CANDLES
from include.validation.duplicates import DUPLICATE_CANDLES
from include.validation.findings import Finding, SeriesCheck
from include.validation.frozen import FROZEN_CANDLES, FROZEN_FEED
from include.validation.reconciliation import TIMEFRAME_DISAGREEMENTS, TIMEFRAME_MISMATCH
from include.validation.spikes import SPIKES
from include.validation.staleness import stale_series
from include.validation.unclosed import unclosed_candles
from include.validation.venue_agreement import VENUE_DISTANCES, VENUE_MISMATCH

CHECKS = (
    DUPLICATE_CANDLES,
    FROZEN_FEED,
    FROZEN_CANDLES,
    SPIKES,
    TIMEFRAME_DISAGREEMENTS,
    TIMEFRAME_MISMATCH,
    VENUE_DISTANCES,
    VENUE_MISMATCH,
)


def check_batch_series(lake: Lake, batch: BatchInfo, staged: pa.Table) -> tuple[CheckResult, ...]:
    """Judge the staged candles among those that are stored.

    Parameters
    ----------
    lake : Lake
        What is stored.
    batch : BatchInfo
        Whose candles are judged.
    staged : pyarrow.Table
        Its candles.
    """
    checks = (*CHECKS, unclosed_candles(batch.market_now))
    return _verdicts(checks, (_of_batch(lake, batch, staged, symbol) for symbol in batch.symbols))


def check_lake_series(lake: Lake, market_now: datetime | None) -> tuple[CheckResult, ...]:
    """Judge every stored candle.

    Parameters
    ----------
    lake : Lake
        What is stored.
    market_now : datetime or None
        The exchange's clock, None where it is not known: then nobody can say which candles are closed or late.
    """
    checks: tuple[SeriesCheck, ...] = (MISSING_CANDLES, *CHECKS)
    if market_now is not None:
        checks = (*checks, unclosed_candles(market_now), stale_series(market_now))
    symbols = lake.newest(CANDLES.name, ["symbol"], "open_time")["symbol"].tolist()
    nothing = CANDLES.schema.empty_table()
    return _verdicts(checks, (list(standing_series(lake, symbol, nothing, None)) for symbol in symbols))


def _of_batch(lake: Lake, batch: BatchInfo, staged: pa.Table, symbol: str) -> list[CandleSeries]:
    rows = staged.filter(pc.field("symbol") == symbol)
    if not rows.num_rows:
        return []
    context = Context(batch.venue, batch.timeframe, pc.min(rows["open_time"]).as_py())
    return list(standing_series(lake, symbol, rows, context))


def _verdicts(checks: Sequence[SeriesCheck], symbols: Iterable[list[CandleSeries]]) -> tuple[CheckResult, ...]:
    found: dict[str, list[Finding]] = {check.name: [] for check in checks}
    for series in symbols:
        for check in checks:
            found[check.name] += check.find(series)
    return tuple(check.verdict(found[check.name]) for check in checks)
