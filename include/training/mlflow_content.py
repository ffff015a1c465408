"""What of a run is mirrored to MLflow, free of MLflow's client: parameters, metrics, tags, files, dataset."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from include.config.system import SystemConfig
from include.core.paths import Home
from include.training.artifacts import BEST, FINAL, ModelFiles
from include.training.logs import ALERTS, CSV_LOGS, DAILY_SUMMARY, LOGS, VALIDATION, Columns
from include.training.runs import CONFIG_FILE, RUN_FILE, RunInfo

if TYPE_CHECKING:
    from mlflow.entities import Dataset

MODELS = "models"
_PARAMETER_SECTIONS = ("training", "account", "reward", "splits")
_STEP_COLUMNS = ("timestep", "timesteps")
_OUTCOMES = ("status", "timesteps", "best_score", "best_timestep", "best_decision", "parameters_sha256", "error")

# key, step and value of one metric
MetricRow = tuple[str, int, float]


def parameters_of(system: SystemConfig, info: RunInfo) -> dict[str, str]:
    """Return the settings that a run was trained with, dotted, its seed, dataset and versions."""
    document = system.model_dump(mode="json")
    sections = {name: document[name] for name in _PARAMETER_SECTIONS}
    own = {name: document[name] for name in ("timeframe", "feature_set", "episode_length", "lookback")}
    versions = {f"version.{name}": text for name, text in info.versions.items()}
    facts = {"seed": info.seed, "engine": info.engine, "preset": info.preset, "dataset_id": info.dataset_id}
    flat = dict(_flat(sections)) | own | versions | facts
    return {key: str(value) for key, value in flat.items()}


def tags_of(info: RunInfo) -> dict[str, str]:
    """Return what a run is and how it stands."""
    document = info.model_dump(mode="json")
    known = {name: document[name] for name in _OUTCOMES if document[name] is not None}
    texts = {key: str(value) for key, value in known.items()}
    return texts | {"run_id": info.run_id, "system": info.system, "started_at": info.started_at.isoformat()}


def metric_rows(tables: Mapping[str, Columns], written: Mapping[str, int]) -> list[MetricRow]:
    """Return every defined value of the CSV logs, named `file/column`, without the first `written` of each name."""
    return [row for name, columns in tables.items() for row in _rows_of(name.removesuffix(".csv"), columns, written)]


def files_of() -> dict[str, str | None]:
    """Return the files of a run that are copied, as paths within it, and the folder that each goes to."""
    models = [name for files in (BEST, FINAL) for name in _names(files)]
    logs = [*(log.name for log in (*CSV_LOGS, VALIDATION)), DAILY_SUMMARY, ALERTS]
    return (
        {RUN_FILE: None, CONFIG_FILE: None} | dict.fromkeys(models, MODELS) | {f"{LOGS}/{name}": LOGS for name in logs}
    )


def dataset_of(info: RunInfo, home: Home) -> "Dataset":
    """Return the frozen dataset of a run as MLflow describes one."""
    from mlflow.entities import Dataset

    return Dataset(info.system, info.dataset_id, "local", home.dataset(info.dataset_id).as_uri())


def _rows_of(stem: str, columns: Columns, written: Mapping[str, int]) -> Iterator[MetricRow]:
    steps = next(columns[name] for name in _STEP_COLUMNS if name in columns)
    for name, values in columns.items():
        key = f"{stem}/{name}"
        defined = [
            (int(step), float(value)) for step, value in zip(steps, values, strict=True) if not math.isnan(value)
        ]
        if name not in _STEP_COLUMNS:
            yield from ((key, step, value) for step, value in defined[written.get(key, 0) :])


def _names(files: ModelFiles) -> tuple[str, ...]:
    return (files.zip, files.tensors, files.normalizer, files.manifest)


def _flat(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
