"""Whether a batch brought what it was to bring, and how many of its symbols its verdict leaves out."""

from collections.abc import Collection

from include.core.checks import CheckResult, Severity
from include.market.staging import BatchInfo
from include.validation.limits import FAILED_SYMBOLS_SHARE
from include.validation.subjects import named

_SHOWN = 5


def check_completeness(batch: BatchInfo) -> tuple[CheckResult, ...]:
    """Return the verdicts over what a batch holds: failures are named, too many are critical."""
    return (_has_candles(batch), *_symbols(batch), _series(batch))


def check_excluded(batch: BatchInfo, excluded: Collection[str]) -> CheckResult:
    """Return whether few enough symbols are left out for the rest to go on: more than one in ten is no accident."""
    left_out = [symbol for symbol in batch.symbols if symbol in excluded]
    share = len(left_out) / batch.symbols_asked
    return CheckResult(
        name="excluded_symbols_share",
        passed=share <= FAILED_SYMBOLS_SHARE,
        observed=round(share, 4),
        limit=FAILED_SYMBOLS_SHARE,
        message=f"{len(left_out)} of {batch.symbols_asked} symbols are left out{named(left_out)}.",
        subjects=tuple(left_out),
    )


def _has_candles(batch: BatchInfo) -> CheckResult:
    rows = batch.rows.get("candles", 0)
    return CheckResult(
        name="batch_has_candles",
        passed=rows > 0 or "candles" not in batch.series,
        observed=rows,
        limit=1,
        message=f"{rows:,} candles of {len(batch.symbols)} symbols came.",
        # a perpetual that ended has none in the later parts of a back-fill
        severity=Severity.CRITICAL if batch.part_of is None else Severity.WARNING,
    )


def _symbols(batch: BatchInfo) -> tuple[CheckResult, ...]:
    failed = batch.failed_symbols
    share = len(failed) / batch.symbols_asked
    return (
        CheckResult(
            name="symbols_fetched",
            passed=not failed,
            observed=len(failed),
            limit=0,
            message=_named(failed, "Every symbol came.", "without data"),
            severity=Severity.WARNING,
        ),
        CheckResult(
            name="failed_symbols_share",
            passed=share <= FAILED_SYMBOLS_SHARE,
            observed=round(share, 4),
            limit=FAILED_SYMBOLS_SHARE,
            message=f"{len(failed)} of {batch.symbols_asked} symbols failed.",
        ),
    )


def _series(batch: BatchInfo) -> CheckResult:
    return CheckResult(
        name="series_fetched",
        passed=not batch.failed_series,
        observed=len(batch.failed_series),
        limit=0,
        message=_named(batch.failed_series, "Every sentiment and macro series came.", "without data"),
        severity=Severity.WARNING,
    )


def _named(failed: dict[str, str], none: str, what: str) -> str:
    if not failed:
        return none
    named = "; ".join(f"{name}: {reason}" for name, reason in list(failed.items())[:_SHOWN])
    more = f"; and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
    return f"{len(failed)} {what}: {named}{more}"
