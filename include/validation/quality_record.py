"""What is kept of a validation for people: one JSON file per batch, the pages are made of them."""

import hashlib
import re
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from include.core.checks import CheckReport
from include.core.files import write_text
from include.core.paths import Home
from include.market.staging import BatchInfo
from include.validation.coverage import SymbolCoverage

KEPT = 90


class ExpectationOutcome(BaseModel):
    """One expectation: of which table and columns, what was expected, whether it held, how many values broke it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    expected: str
    columns: str
    passed: bool
    elements: int | None
    unexpected: int | None


class QualityRecord(BaseModel):
    """A batch, its verdict, and the facts behind it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch: BatchInfo
    validated_at: datetime
    report: CheckReport
    coverage: tuple[SymbolCoverage, ...]
    expectations: tuple[ExpectationOutcome, ...]
    refused: dict[str, int]

    @property
    def slug(self) -> str:
        """File name of the batch's page: readable, and distinct for distinct ids."""
        readable = re.sub(r"[^A-Za-z0-9._-]", "-", self.batch.id)[:80]
        return f"{readable}-{hashlib.sha256(self.batch.id.encode()).hexdigest()[:8]}"


def save(home: Home, record: QualityRecord) -> None:
    """Write `record`, and forget the oldest beyond the kept number with their pages."""
    write_text(home.quality_history / f"{record.slug}.json", record.model_dump_json(indent=1))
    for old in load_all(home)[KEPT:]:
        (home.quality_history / f"{old.slug}.json").unlink(missing_ok=True)
        page_of(home, old).unlink(missing_ok=True)


def load_all(home: Home) -> list[QualityRecord]:
    """Return the kept records, newest validation first; a file that cannot be read is passed over."""
    records = [_load(source) for source in home.quality_history.glob("*.json")]
    return sorted((r for r in records if r is not None), key=lambda record: record.validated_at, reverse=True)


def page_of(home: Home, record: QualityRecord) -> Path:
    """Return where the page of `record` lies."""
    return home.data_quality / "batches" / f"{record.slug}.html"


def _load(source: Path) -> QualityRecord | None:
    try:
        return QualityRecord.model_validate_json(source.read_text(encoding="utf-8"))
    except (ValidationError, OSError):
        return None  # written by another version: the batch's own report.json is the truth, this is for people
