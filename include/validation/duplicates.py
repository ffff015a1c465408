"""Records that are stored more than once under one key: two contents of one record, which no reader can tell apart."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from include.core.checks import CheckResult, Severity
from include.core.clock import format_utc, from_ms
from include.core.columns import CANDLES, TABLES
from include.lake.lake import Lake
from include.validation.candle_series import CandleSeries
from include.validation.findings import Finding, SeriesCheck


def _repeated(series: Sequence[CandleSeries]) -> list[Finding]:
    return [
        Finding(
            candles.symbol,
            f"{candles.venue} {candles.name}, the first at {format_utc(from_ms(int(candles.repeated[0])))}",
            len(candles.repeated),
        )
        for candles in series
        if len(candles.repeated)
    ]


DUPLICATE_CANDLES = SeriesCheck(
    "duplicate_candles",
    _repeated,
    "Candles are stored twice",
    "Every candle is stored once.",
    Severity.CRITICAL,
)


def check_duplicate_records(lake: Lake) -> CheckResult:
    """Return whether every key of every stored table but the candles has one row."""
    counts = {name: repeated_keys(name, lake) for name in lake.versions() if name != CANDLES.name}
    found = {name: count for name, count in counts.items() if count}
    told = ", ".join(f"{count:,} of {name}" for name, count in found.items())
    return CheckResult(
        name="duplicate_records",
        passed=not found,
        observed=sum(found.values()),
        limit=0,
        message=f"Keys are stored more than once: {told}." if found else "Every record is stored once.",
        severity=Severity.CRITICAL,
        subjects=tuple(found),
    )


def repeated_keys(name: str, lake: Lake) -> int:
    """Return how many keys of the table `name` have more than one row."""
    key = list(TABLES[name].key)
    counted: pa.Table = lake.read_arrow(name, key).group_by(key).aggregate([([], "count_all")])
    return int(pc.sum(pc.greater(counted["count_all"], 1)).as_py() or 0)
