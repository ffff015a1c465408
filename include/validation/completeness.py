"""Whether a batch brought what it was to bring: symbols, series, rows, and how much was refused."""

from include.core.checks import CheckResult, Severity
from include.market.staging import BatchInfo

# one in ten symbols may be delisted or renamed; more is an outage
FAILED_SYMBOLS_LIMIT = 0.10
# single bad rows happen; more than this is a feed that cannot be trusted
REFUSED_LIMIT = 0.01
_SHOWN = 5


def check_completeness(batch: BatchInfo) -> tuple[CheckResult, ...]:
    """Return the verdicts over what a batch holds: failures are named, too many are critical."""
    return (_has_candles(batch), *_symbols(batch), _series(batch), *_refused(batch))


def _has_candles(batch: BatchInfo) -> CheckResult:
    rows = batch.rows.get("candles", 0)
    return CheckResult(
        name="batch_has_candles",
        passed=rows > 0,
        observed=rows,
        limit=1,
        message=f"{rows:,} candles of {len(batch.symbols)} symbols came.",
    )


def _symbols(batch: BatchInfo) -> tuple[CheckResult, ...]:
    failed = batch.failed_symbols
    share = len(failed) / len(batch.symbols)
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
            passed=share <= FAILED_SYMBOLS_LIMIT,
            observed=round(share, 4),
            limit=FAILED_SYMBOLS_LIMIT,
            message=f"{len(failed)} of {len(batch.symbols)} symbols failed.",
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


def _refused(batch: BatchInfo) -> tuple[CheckResult, ...]:
    refused = batch.rows.get("quarantine", 0)
    share = refused / max(sum(batch.rows.values()), 1)
    return (
        CheckResult(
            name="refused_records",
            passed=refused == 0,
            observed=refused,
            limit=0,
            message=f"{refused:,} records were refused and are in quarantine." if refused else "No record was refused.",
            severity=Severity.WARNING,
        ),
        CheckResult(
            name="refused_records_share",
            passed=share <= REFUSED_LIMIT,
            observed=round(share, 6),
            limit=REFUSED_LIMIT,
            message=f"{share:.2%} of all records were refused.",
        ),
    )


def _named(failed: dict[str, str], none: str, what: str) -> str:
    if not failed:
        return none
    named = "; ".join(f"{name}: {reason}" for name, reason in list(failed.items())[:_SHOWN])
    more = f"; and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
    return f"{len(failed)} {what}: {named}{more}"
