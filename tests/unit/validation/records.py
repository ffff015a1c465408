"""Quality records made by hand."""

from datetime import UTC, datetime

from include.core.checks import CheckReport, CheckResult, Severity
from include.validation.quality_record import ExpectationOutcome, QualityRecord
from tests.unit.market.batches import batch_info
from tests.unit.validation.facts import covered, run

VALIDATED = datetime(2026, 1, 2, 0, 5, tzinfo=UTC)
FINE = CheckResult(name="schema_candles", passed=True, observed=0, limit=0, message="fits")
WARNS = CheckResult(name="stale_symbols", passed=False, message="TON stands still", severity=Severity.WARNING)
FAILS = CheckResult(name="batch_has_candles", passed=False, message="nothing came")
OUTCOME = ExpectationOutcome(table="candles", expected="e", columns="c", passed=True, elements=5, unexpected=0)


def record(batch_id: str = "b1", *results: CheckResult, **changes: object) -> QualityRecord:
    facts: dict[str, object] = {
        "batch": batch_info(batch_id, rows={"candles": 1_234}),
        "validated_at": VALIDATED,
        "report": CheckReport(subject="market data", results=results or (FINE,)),
        "coverage": (covered(rows=97, gaps=(run(3, 3),)), covered("ETH/USDT:USDT")),
        "expectations": (
            ExpectationOutcome(table="t", expected="e", columns="c", passed=True, elements=5, unexpected=0),
        ),
        "refused": {"not_positive": 2},
    }
    return QualityRecord.model_validate(facts | changes)
