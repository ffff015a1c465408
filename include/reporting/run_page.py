"""The page of one run: live curves, how it stands, what it was trained with, its checkpoints and logs."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from include.config.settings import MLFLOW_OFF, Settings
from include.config.system import SystemConfig
from include.core.errors import PerpetuaError
from include.features.dataset import DatasetInfo, read_info
from include.reporting.curves import curves, definitions, limits_of
from include.reporting.desk import frame
from include.reporting.desk_files import run_folder
from include.reporting.listings import verdicts
from include.reporting.page import template
from include.reporting.run_state import run_state
from include.training.checkpoints import Checkpoint
from include.training.facts import RunFacts, read_facts
from include.training.logs import ALERTS, DAILY_SUMMARY, LOGS, TENSORBOARD
from include.training.runs import read_config

TAIL_LINES, TAIL_BYTES = 40, 64 * 1024
# verdicts that are searched for this run's
SEARCHED = 100
_SECTIONS = ("training", "account", "reward", "splits")


def run_page(settings: Settings, run_id: str, now: datetime) -> str:
    """Return the page of a run as HTML; links are relative to its own address.

    Raises
    ------
    MissingInputError
        There is no such run.
    IntegrityError
        Its record cannot be read.
    """
    folder = run_folder(settings.home, run_id)
    facts, system = read_facts(folder), read_config(folder)
    return template("desk_run.html").render(
        **frame(settings, now, "../", run_id),
        info=facts.info,
        state=run_state(facts, system, now),
        folder=folder,
        curves=definitions(),
        limits=limits_of(system, facts.info.actions),
        dataset=_dataset(settings, facts),
        sections=_sections(system),
        checkpoints=[_checkpoint(checkpoint, facts) for checkpoint in reversed(facts.checkpoints)],
        log_problems=facts.log_problems,
        mirror_error=facts.mirror_error,
        verdicts=[line for line in verdicts(settings.home, SEARCHED).lines if line.run_id == run_id],
        tails=[(name, _tail(folder / LOGS / name)) for name in (ALERTS, DAILY_SUMMARY)],
        mlflow=_mlflow(settings),
        mlflow_database=settings.home.mlflow_database if settings.mlflow_url is None else None,
        has_tensorboard=(folder / LOGS / TENSORBOARD).is_dir(),
    )


def run_curves(settings: Settings, run_id: str, since: str | None, now: datetime) -> dict[str, Any]:
    """Return how a run stands and its curves, JSON-able; the errors of `run_page`."""
    folder = run_folder(settings.home, run_id)
    facts, system = read_facts(folder), read_config(folder)
    return {"state": run_state(facts, system, now), **curves(facts, since)}


def _dataset(settings: Settings, facts: RunFacts) -> DatasetInfo | None:
    try:
        return read_info(settings.home.dataset(facts.info.dataset_id))
    except (PerpetuaError, ValidationError):
        return None  # pruned, or from another version: the run's page stands anyway


def _sections(system: SystemConfig) -> list[tuple[str, list[tuple[str, str]]]]:
    document = system.model_dump(mode="json")
    return [(name, list(_flat(document[name]))) for name in _SECTIONS]


def _flat(section: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in section.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", "–" if value is None else _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:,g}"
    if isinstance(value, list):
        return " × ".join(map(str, value))
    return str(value)


def _checkpoint(checkpoint: Checkpoint, facts: RunFacts) -> dict[str, Any]:
    manifest = checkpoint.manifest
    return {
        "name": checkpoint.path.name,
        "timestep": manifest.timestep,
        "created_at": manifest.created_at,
        "score": manifest.score,
        "sha256": manifest.parameters_sha256,
        "megabytes": sum(_size(checkpoint.path / name) for name in manifest.files) / 1e6,
        "is_best": manifest.timestep == facts.info.best_timestep,
    }


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0  # pruned just now


def _tail(log: Path) -> str | None:
    """Return the last lines of a text log, newest first, None where there is no log."""
    try:
        with log.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - TAIL_BYTES))
            text = stream.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    return "\n".join(reversed(text.splitlines()[-TAIL_LINES:]))


def _mlflow(settings: Settings) -> str | None:
    """Return the address of the MLflow server, None where none is set."""
    url = settings.mlflow_url
    return url if url and url != MLFLOW_OFF and url.startswith(("http://", "https://")) else None
