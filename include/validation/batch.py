"""The verdict on a fetched batch: every check once, one report, sealed to the files it was made on."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.config.settings import Settings
from include.core.checks import CheckReport
from include.core.clock import wall_now
from include.core.columns import TABLES
from include.lake.lake import Lake
from include.lake.schema import to_frame
from include.market.staging import STAGED_TABLES, read_batch, read_staged, seal
from include.validation.completeness import check_completeness
from include.validation.continuity import check_continuity
from include.validation.coverage import coverage_of
from include.validation.flatness import check_series_vary
from include.validation.quality_record import QualityRecord
from include.validation.quality_report import write_batch_page, write_index
from include.validation.schemas import check_frame
from include.validation.staleness import check_staleness


def validate_batch(settings: Settings, batch_id: str) -> CheckReport:
    """Judge a staged batch, seal the verdict to its files and write the data-quality pages.

    Critical checks stop publishing: a broken schema or expectation, no candles at all, too many
    failed symbols, refused records or missing candles, and, in live mode, a feed that stands still.
    Everything else warns by name.

    Raises
    ------
    MissingInputError
        The batch was never fetched.
    IntegrityError
        A staged file cannot be read.
    """
    from include.validation.expectations import expect_candles, suite_check  # three seconds to import

    batch = read_batch(settings.home, batch_id)
    lake = Lake.of(settings)
    staged = {name: read_staged(settings.home, batch_id, name) for name in STAGED_TABLES}
    frames = {name: to_frame(rows) for name, rows in staged.items()}
    coverage = coverage_of(lake, batch.venue, staged["candles"], batch.symbols, batch.timeframe)
    expectations = expect_candles(frames["candles"], batch.symbols, batch.timeframe)
    report = CheckReport(
        subject=f"market data {batch_id}",
        results=(
            *check_completeness(batch),
            *(check_frame(name, frames[name]) for name in STAGED_TABLES),
            suite_check(expectations),
            *check_continuity(coverage),
            *check_staleness(coverage, batch.end, batch.timeframe, is_sandbox=settings.is_sandbox),
            *check_series_vary(_together(lake, staged, "fear_greed"), _together(lake, staged, "macro")),
        ),
    )
    seal(settings.home, batch_id, report)
    record = QualityRecord(
        batch=batch,
        validated_at=wall_now(),
        report=report,
        coverage=coverage,
        expectations=expectations,
        refused=_refused(staged["quarantine"]),
    )
    write_batch_page(settings, record)
    write_index(settings)
    return report


def _together(lake: Lake, staged: dict[str, pa.Table], name: str) -> pd.DataFrame:
    """Stored and staged rows of a small table, staged ones last where both have a key, sorted by key."""
    definition = TABLES[name]
    both = pd.concat([lake.read(name), to_frame(staged[name])]).drop_duplicates(list(definition.key), keep="last")
    return both.sort_values(list(definition.key))


def _refused(quarantine: pa.Table) -> dict[str, int]:
    counts = pc.value_counts(quarantine["reason"]).to_pylist()
    return {count["values"]: count["counts"] for count in counts}
