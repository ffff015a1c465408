"""The verdict on a fetched batch: every check once, one report, sealed to the files it was made on."""

from collections.abc import Collection, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from include.config.settings import Settings
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.clock import wall_now
from include.core.columns import TABLES
from include.lake.lake import Lake
from include.lake.schema import to_frame
from include.market.macro import SERIES
from include.market.publish import without
from include.market.staging import STAGED_TABLES, BatchInfo, read_batch, read_staged, seal
from include.validation.completeness import check_completeness, check_excluded
from include.validation.continuity import check_continuity
from include.validation.coverage import SymbolCoverage, coverage_of
from include.validation.macro_revisions import check_macro_revisions
from include.validation.quality_record import ExpectationOutcome, QualityRecord
from include.validation.quality_report import write_batch_page, write_index
from include.validation.refusals import check_refusals
from include.validation.schemas import check_table
from include.validation.silent_defaults import check_silent_defaults, staged_levels
from include.validation.staleness import check_staleness
from include.validation.standing import check_batch_series


def validate_batch(settings: Settings, batch_id: str) -> CheckReport:
    """Judge a staged batch, seal the verdict to its files and write the data-quality pages.

    A critical check stops publishing; one that excludes leaves its symbols or series out of this batch, as long as
    few enough symbols are; everything else warns by name. What the verdict leaves in is held against the Great
    Expectations suites at the end, by code that shares nothing with the checks before.

    Raises
    ------
    MissingInputError
        The batch was never fetched.
    IntegrityError
        A staged file cannot be read.
    """
    batch = read_batch(settings.home, batch_id)
    lake = Lake.of(settings)
    staged = {name: read_staged(settings.home, batch_id, name) for name in STAGED_TABLES}
    coverage = coverage_of(lake, batch.venue, staged["candles"], batch.symbols, batch.timeframe)
    report = CheckReport(subject=f"market data {batch_id}", results=_checks(settings, lake, batch, staged, coverage))
    expectations = _expectations(batch, staged, report.excluded)
    report = report.model_copy(
        update={
            "results": (
                *report.results,
                check_excluded(batch, report.excluded),
                *(result for result, _ in expectations),
            )
        }
    )
    seal(settings.home, batch_id, report)
    record = QualityRecord(
        batch=batch,
        validated_at=wall_now(),
        report=report,
        coverage=coverage,
        expectations=tuple(outcome for _, outcomes in expectations for outcome in outcomes),
        refused=_refused(staged["quarantine"]),
    )
    write_batch_page(settings, record)
    write_index(settings)
    return report


def _checks(
    settings: Settings,
    lake: Lake,
    batch: BatchInfo,
    staged: Mapping[str, pa.Table],
    coverage: Sequence[SymbolCoverage],
) -> tuple[CheckResult, ...]:
    return (
        *check_completeness(batch),
        *check_refusals(staged),
        *(check_table(name, rows) for name, rows in staged.items()),
        *_of_history(batch, check_continuity(coverage)),
        *_of_history(batch, check_staleness(coverage, batch.end, batch.timeframe, is_sandbox=settings.is_sandbox)),
        *check_batch_series(lake, batch, staged["candles"]),
        *check_silent_defaults(list(staged_levels(lake, staged))),
        check_macro_revisions(lake.read("macro"), to_frame(staged["macro"])),
    )


def _of_history(batch: BatchInfo, results: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """Let verdicts over whole histories only warn about a part of a back-fill: the rest may still come."""
    if batch.part_of is None:
        return tuple(results)
    return tuple(result.model_copy(update={"severity": Severity.WARNING}) for result in results)


def _expectations(
    batch: BatchInfo, staged: Mapping[str, pa.Table], excluded: Collection[str]
) -> list[tuple[CheckResult, tuple[ExpectationOutcome, ...]]]:
    from include.validation.expectations import expect_table, suite_check  # three seconds to import

    kept = {name: without(TABLES[name], rows, excluded) for name, rows in staged.items()}
    allowed = {"venue": [batch.venue], "symbol": batch.symbols, "series": list(SERIES)}
    found = []
    for name, rows in kept.items():
        if rows.num_rows:
            own = allowed | ({"timeframe": [batch.timeframe]} if name == "candles" else {})
            outcomes = expect_table(name, rows, own)
            found.append((suite_check(name, outcomes), outcomes))
    return found


def _refused(quarantine: pa.Table) -> dict[str, int]:
    counts = pc.value_counts(quarantine["reason"]).to_pylist()
    return {count["values"]: count["counts"] for count in counts}
