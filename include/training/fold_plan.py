"""How one history is cut into several trainings and tests, planned once and written down.

The history is a frozen dataset's up to the end of its validation: the sealed test window stays sealed. Training and
playing the folds is in `fold_run.py`, what all folds together say in `reporting/cross_validation.py`.
"""

import hashlib
import json
from typing import Any

from include.config.cross_validation import CrossValidationRequest
from include.config.settings import Settings
from include.config.system import SystemConfig
from include.core.clock import to_ms
from include.core.errors import InvalidInputError
from include.core.files import write_json
from include.core.timeframes import timeframe_ms
from include.evaluation.cross_validation import Fold, combinatorial, hold_out, walk_forward, windows_of
from include.features.dataset import Dataset, Window
from include.training.fold_records import PLAN_FILE, FoldPlan, Plan
from include.training.identity import shaping_config

# fewer tell nothing: then the usual number is asked for, and refused with its reason
_FEWEST_VALIDATION = 20


def plan(settings: Settings, system: SystemConfig, dataset: Dataset, request: CrossValidationRequest) -> Plan:
    """Cut the history of `dataset` into folds and write the plan to `home.cross_validation(id)`.

    The same system, dataset and request give the same id.

    Parameters
    ----------
    settings : Settings
        Names the home.
    system : SystemConfig
        Hyper-parameters, account and gates; steps and seed are already applied.
    dataset : Dataset
        Frozen dataset of that system.
    request : CrossValidationRequest
        How to cut.

    Raises
    ------
    InvalidInputError
        A dataset of another system, or a history without room for what was asked.
    """
    if dataset.info.system != system.name:
        raise InvalidInputError(
            f"`dataset` must be one of system {system.name}, was {dataset.info.id} of {dataset.info.system}."
        )
    cut, splits, step = dataset.info.splits, system.splits, timeframe_ms(system.timeframe)
    history = Window(start=cut["train"].start, end=cut["validation"].end)
    start_ms = to_ms(history.start)
    candles = (to_ms(history.end) - start_ms) // step
    purge = _or(request.purge_candles, splits.embargo_candles)
    embargo = _or(request.embargo_candles, splits.embargo_candles) if request.scheme == "combinatorial" else 0
    cut_folds = _folds(request, candles, purge, embargo)
    validation = _or(request.validation_candles, _validation(cut_folds, splits.validation_candles, purge))
    folds: list[FoldPlan] = []
    for number, fold in enumerate(cut_folds):
        training, held_out = hold_out(fold, validation=validation, purge=purge)
        folds.append(
            FoldPlan(
                number=number,
                train=windows_of(training, start_ms, step),
                validation=windows_of([held_out], start_ms, step)[0],
                tests=windows_of(fold.test, start_ms, step),
            )
        )
    groups, tested = request.tested_groups if request.scheme == "combinatorial" else (None, None)
    document = {
        "scheme": request.scheme, "system": system, "dataset_id": dataset.info.id, "history": history,
        "candles": candles, "purge_candles": purge, "embargo_candles": embargo, "validation_candles": validation,
        "groups": groups, "tested": tested, "folds": tuple(folds),
    }  # fmt: skip
    planned = Plan(id=_identity(Plan(id="", **document)), **document)
    folder = settings.home.cross_validation(planned.id)
    if not (folder / PLAN_FILE).is_file():
        write_json(folder / PLAN_FILE, planned.model_dump(mode="json"))
    return planned


def _folds(request: CrossValidationRequest, candles: int, purge: int, embargo: int) -> tuple[Fold, ...]:
    if request.scheme == "combinatorial":
        groups, tested = request.tested_groups
        return combinatorial(candles, groups=groups, tested=tested, purge=purge, embargo=embargo)
    count, first = request.fold_count, _or(request.train_candles, candles // 2)
    test = (candles - first - purge) // count
    if test < count:
        left = max(0, candles - first - purge)
        raise InvalidInputError(
            f"`folds` must leave tests of at least {count} candles, was {count} with {left:,} of {candles:,} candles "
            "to test on. Hint: fewer folds, a shorter first training, or more candles."
        )
    return walk_forward(
        candles, train=candles - purge - count * test, test=test, purge=purge, is_anchored=bool(request.is_anchored)
    )


def _validation(folds: tuple[Fold, ...], usual: int, purge: int) -> int:
    """Return the candles to choose checkpoints on: as usual, or half of the room where the history is short."""
    room = (min(len(fold.train[-1]) for fold in folds if fold.train) - purge) // 2
    return usual if room < _FEWEST_VALIDATION else min(usual, room)


def _identity(planned: Plan) -> str:
    document = planned.model_dump(mode="json") | {"system": _judged(planned.system)}
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def _judged(system: SystemConfig) -> dict[str, Any]:
    """Return what of a system shapes the trainings, and what judges them."""
    judged = system.model_dump(mode="json", include={"gates", "decision"})
    return {"shaping": shaping_config(system), **judged}


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
