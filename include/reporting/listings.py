"""What the desk lists of each result: a few fields of the record, read without what it takes to make one.

The records themselves import torch-free but heavy mathematics (`verdict.py`, `cross_validation_result.py`,
`include/validation/quality_record.py`); a page in Airflow's server must not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from include.core.checks import CheckReport
from include.core.errors import PerpetuaError
from include.core.files import read_json
from include.core.paths import Home
from include.core.timeframes import timeframe_ms
from include.evaluation.decision import Decision, gates_passed
from include.reporting import result_files

WAITS = "waits"


class _View(BaseModel):
    """Some fields of a record; the rest is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Dated(_View):
    created_at: datetime


class _Evidence(_View):
    sufficiency: str


class VerdictLine(_Dated):
    """A revalidation in a line."""

    id: str
    system: str
    run_id: str
    decision: Decision
    gates: CheckReport
    evidence: _Evidence

    @property
    def passed(self) -> int:
        """Gates that passed."""
        return gates_passed(self.gates)

    @property
    def address(self) -> str:
        """Where its report lies below the reports."""
        return f"revalidation/{self.id}/{result_files.REVALIDATION_PAGE}"


class _Approval(_View):
    answer: str
    answered_by: str


class _Spread(_View):
    low: float | None
    mean: float | None
    high: float | None


class CrossValidationLine(_Dated):
    """A cross-validation in a line."""

    id: str
    scheme: str
    system: str
    decisions: dict[str, int]
    sharpe: _Spread

    @property
    def address(self) -> str:
        """Where its report lies below the reports."""
        return f"cross_validation/{self.id}/{result_files.CROSS_VALIDATION_PAGE}"


class _Batch(_View):
    id: str
    timeframe: str
    market_now: datetime


class _Coverage(_View):
    symbol: str
    last: datetime | None


class QualityLine(_View):
    """The newest validated batch in a few figures."""

    batch: _Batch
    validated_at: datetime
    report: CheckReport
    coverage: tuple[_Coverage, ...]

    @property
    def newest_close(self) -> datetime | None:
        """Close of the newest candle, market time; None where the batch had none."""
        opened = [line.last for line in self.coverage if line.last is not None]
        return max(opened) + timedelta(milliseconds=timeframe_ms(self.batch.timeframe)) if opened else None

    @property
    def late_symbols(self) -> tuple[str, ...]:
        """Symbols whose newest candle is older than the newest of all."""
        opened = [line.last for line in self.coverage if line.last is not None]
        return tuple(line.symbol for line in self.coverage if opened and line.last != max(opened))


View = TypeVar("View", bound=_View)
Dated = TypeVar("Dated", bound=_Dated)


@dataclass(frozen=True)
class Listing(Generic[Dated]):
    """Lines, newest first, how many older ones were left out, and the names of those that cannot be read."""

    lines: tuple[Dated, ...]
    left_out: int
    damaged: tuple[str, ...]


def verdicts(home: Home, most: int) -> Listing[VerdictLine]:
    """Return the newest `most` revalidations."""
    return _newest(VerdictLine, home.revalidation("x").parent.glob(f"*/{result_files.REVALIDATION}"), most)


def answer(home: Home, line: VerdictLine) -> str:
    """Return in a few words what was answered to a verdict; `WAITS` while its question stands, empty where none was."""
    try:
        given = read_json(home.revalidation(line.id) / result_files.APPROVALS)
        newest = _Approval.model_validate(given[-1])
    except (PerpetuaError, ValidationError, IndexError, KeyError, TypeError):
        # the claim is what the DAG run that asks left
        return WAITS if home.approval_claim(line.id).exists() else ""
    return f"{newest.answer} by {newest.answered_by}"


def cross_validations(home: Home, most: int) -> Listing[CrossValidationLine]:
    """Return the newest `most` cross-validations."""
    folders = home.cross_validation_report("x").parent
    return _newest(CrossValidationLine, folders.glob(f"*/{result_files.CROSS_VALIDATION}"), most)


def newest_quality(home: Home) -> QualityLine | None:
    """Return the newest validation of a batch that can be read, None without one."""
    read = [_read(QualityLine, file) for file in _files(home.quality_history.glob("*.json"))]
    return max((line for line in read if line is not None), key=lambda line: line.validated_at, default=None)


def feature_reports(home: Home) -> list[str]:
    """Return the feature sets that have a report."""
    return sorted(page.parent.name for page in home.feature_reports.glob("*/index.html"))


def _newest(kind: type[Dated], files: Iterable[Path], most: int) -> Listing[Dated]:
    read = [(file.parent.name, _read(kind, file)) for file in _files(files)]
    lines = sorted((line for _, line in read if line is not None), key=lambda line: line.created_at, reverse=True)
    damaged = tuple(name for name, line in read if line is None)
    return Listing(tuple(lines[:most]), max(0, len(lines) - most), damaged)


def _files(files: Iterable[Path]) -> list[Path]:
    # a file that is being written has a name with a dot in front
    return sorted(file for file in files if not file.name.startswith("."))


def _read(kind: type[View], file: Path) -> View | None:
    try:
        state = file.stat()
        return _parsed(kind, file, state.st_mtime_ns, state.st_size)
    except FileNotFoundError:
        return None  # pruned since it was listed


@lru_cache(maxsize=1_024)
def _parsed(kind: type[View], file: Path, _mtime_ns: int, _size: int) -> View | None:
    # a record is written once and asked for with every view of the desk
    try:
        return kind.model_validate(read_json(file))
    except (PerpetuaError, ValidationError, UnicodeDecodeError):
        return None
