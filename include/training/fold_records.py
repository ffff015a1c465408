"""What a cross-validation keeps on disk: its plan, and the result of each fold.

Cutting a history is in `fold_plan.py`, training and playing a fold in `fold_run.py`.
"""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from include.config.cross_validation import Scheme
from include.config.settings import Settings
from include.config.system import SystemConfig
from include.core.errors import IntegrityError, MissingInputError
from include.core.files import read_json
from include.evaluation.decision import Decision
from include.features.dataset import Window

PLAN_FILE = "plan.json"


class Record(BaseModel):
    """Base of what a cross-validation keeps on disk."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


RecordT = TypeVar("RecordT", bound=Record)


class FoldPlan(Record):
    """Candles of one fold: half-open windows of open times."""

    number: int
    train: tuple[Window, ...]
    validation: Window
    tests: tuple[Window, ...]


class Plan(Record):
    """A cross-validation as it was cut, before anything is trained.

    `candles` counts the history; `groups` and `tested` are None for a walk-forward.
    """

    id: str
    scheme: Scheme
    system: SystemConfig
    dataset_id: str
    history: Window
    candles: int
    purge_candles: int
    embargo_candles: int
    validation_candles: int
    groups: int | None
    tested: int | None
    folds: tuple[FoldPlan, ...]


class TestedWindow(Record):
    """One tested window of a fold: symbols with candles there, all metrics, and what the gates make of them."""

    window: Window
    candles: int
    symbols: int
    metrics: dict[str, float | None]
    metric_reasons: dict[str, str]
    gates_passed: int
    decision: Decision


class FoldResult(Record):
    """What one fold trained, on how many symbols, and how it did on its tests."""

    plan_id: str
    number: int
    run_id: str
    dataset_id: str
    model_sha256: str
    timestep: int
    timesteps: int
    symbols: int
    dropped_symbols: dict[str, str]
    tests: tuple[TestedWindow, ...]
    seconds: float


def read_plan(settings: Settings, plan_id: str) -> Plan:
    """Return the plan of a cross-validation.

    Raises
    ------
    MissingInputError
        There is none of that id.
    IntegrityError
        The file is not a plan.
    """
    file = settings.home.cross_validation(plan_id) / PLAN_FILE
    return read_record(Plan, file, f"Cross-validation `{plan_id}` does not exist. Hint: plan one first.")


def read_record(model: type[RecordT], file: Path, missing: str) -> RecordT:
    """Return the record in `file`; `missing` says what to do where there is none."""
    if not file.is_file():
        raise MissingInputError(missing)
    try:
        return model.model_validate(read_json(file))
    except ValidationError as error:
        raise IntegrityError(f"`{file}` is not a {model.__name__}: {error}") from error


def read_fold(settings: Settings, plan_id: str, number: int) -> FoldResult:
    """Return the result of a fold.

    Raises
    ------
    MissingInputError
        It has not been run yet.
    """
    file = result_file(settings, plan_id, number)
    missing = f"Fold {number} of cross-validation `{plan_id}` has no result. Hint: run it first."
    return read_record(FoldResult, file, missing)


def result_file(settings: Settings, plan_id: str, number: int) -> Path:
    """Return where the result of a fold is kept; what it played is beside it, `.npz`."""
    return settings.home.cross_validation(plan_id) / "folds" / f"{number:02d}.json"
