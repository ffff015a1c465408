"""Batches on disk, made by hand."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from include.config.settings import Settings
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.columns import TABLES
from include.market.staging import STAGED_TABLES, BatchInfo, seal, write_batch
from tests.unit.lake.rows import candles

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PASSED = CheckReport(subject="batch", results=(CheckResult(name="fine", passed=True),))
FAILED = CheckReport(
    subject="batch", results=(CheckResult(name="schema_candles", passed=False, message="column `high` is broken"),)
)
LEAVES_ETH_OUT = CheckReport(
    subject="batch",
    results=(CheckResult(name="volume_units", passed=False, severity=Severity.EXCLUDE, subjects=("ETH/USDT:USDT",)),),
)


def batch_info(batch_id: str, **changes: object) -> BatchInfo:
    facts: dict[str, object] = {
        "id": batch_id,
        "venue": "binanceusdm",
        "market_now": NOW,
        "timeframe": "4h",
        "end": NOW - timedelta(hours=4),
        "symbols": ("BTC/USDT:USDT", "ETH/USDT:USDT"),
        "failed_symbols": {},
        "failed_series": {},
        "rows": {},
        "seconds": 1.0,
    }
    return BatchInfo.model_validate(facts | changes)


def stage(
    settings: Settings,
    batch_id: str,
    *rows: dict[str, object],
    tables: dict[str, pa.Table] | None = None,
    **changes: object,
) -> BatchInfo:
    """Write a batch with these candles; no seal."""
    staged = {name: TABLES[name].schema.empty_table() for name in STAGED_TABLES}
    staged |= {"candles": candles(*rows)} | (tables or {})
    counts = {name: table.num_rows for name, table in staged.items()}
    info = batch_info(batch_id, **({"rows": counts} | changes))
    write_batch(settings.home, info, staged)
    return info


def stage_sealed(settings: Settings, batch_id: str, *rows: dict[str, object], **more: object) -> None:
    """Write a batch that passed its validation."""
    stage(settings, batch_id, *rows, **more)  # type: ignore[arg-type]
    seal(settings.home, batch_id, PASSED)
