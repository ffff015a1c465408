"""The run directory: its files, and `run.json`, the one record of what a run is.

    runs/<run_id>/   run.json  config.json  logs/  checkpoints/  best_model.*  final_model.*

Writing models does not belong here (`artifacts.py`), nor who may write (`ownership.py`).
"""

import hashlib
import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from include.config.system import SystemConfig, stored_system
from include.core.errors import IntegrityError, MissingInputError
from include.core.files import read_json, write_json
from include.core.paths import Home
from include.training.identity import Identity, shaping_config

logger = logging.getLogger(__name__)

RUN_FILE = "run.json"
CONFIG_FILE = "config.json"

RunStatus = Literal["running", "finished", "failed", "stopped"]
EndedBy = Literal["steps", "episodes", "minutes", "rules", "stop"]


class Attempt(BaseModel):
    """One process that trained a run, from one step to another; "lost" says that it ended without a word."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: int
    pid: int
    started_at: datetime
    from_step: int
    to_step: int
    seconds: float = 0.0
    ended_at: datetime | None = None
    status: Literal["running", "finished", "failed", "stopped", "lost"] = "running"


class RunInfo(BaseModel):
    """What a run is and how far it came; times are wall-clock UTC.

    `best_score` is the portfolio's total return on the validation split, a fraction; `best_gates`
    is how many of the system's gates that same backtest passed, `best_decision` what they would decide.
    `seconds` counts all attempts; `ended_by` says what ended a training that is finished or stopped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    system: str
    preset: str | None
    engine: str
    seed: int
    dataset_id: str
    config_path: str
    config_sha256: str
    features: tuple[str, ...]
    inactive_features: dict[str, str]
    observation_size: int
    actions: int
    total_timesteps: int
    checkpoint_every_steps: int
    started_at: datetime
    versions: dict[str, str]
    host: dict[str, str]
    status: RunStatus = "running"
    timesteps: int = 0
    episodes: int = 0
    ended_at: datetime | None = None
    seconds: float | None = None
    steps_per_second: float | None = None
    parameters_sha256: str | None = None
    best_score: float | None = None
    best_timestep: int | None = None
    best_gates: int | None = None
    best_decision: str | None = None
    error: str | None = None
    error_type: str | None = None
    ended_by: EndedBy | None = None
    feature_set_sha256: str | None = None
    device: str = "cpu"
    code_version: str | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def began_at(self) -> datetime:
        """When the newest attempt began."""
        return self.attempts[-1].started_at if self.attempts else self.started_at


def config_sha256(system: SystemConfig, device: str = "cpu") -> str:
    """Return the identity of everything in `system` that shapes a training, and of where it is computed."""
    document = shaping_config(system) | ({} if device == "cpu" else {"device": device})
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def run_id_of(system: SystemConfig, dataset_id: str, device: str = "cpu") -> str:
    """Return the run id of a training: the same inputs give the same id, any other input another."""
    return f"{system.name}-{dataset_id[:8]}-{config_sha256(system, device)[:8]}-s{system.training.seed}"


def identity_of_run(folder: Path) -> Identity:
    """Return the inputs that the run in `folder` was started with."""
    info = read_run(folder)
    return Identity(
        dataset_id=info.dataset_id,
        feature_set_sha256=info.feature_set_sha256,
        features=info.features,
        inactive_features=info.inactive_features,
        device=info.device,
        config=shaping_config(read_config(folder)),
    )


def write_run(folder: Path, info: RunInfo) -> RunInfo:
    """Write `run.json` atomically and return `info`."""
    write_json(folder / RUN_FILE, info.model_dump(mode="json"))
    return info


def read_run(folder: Path) -> RunInfo:
    """Return the record of the run in `folder`.

    Raises
    ------
    MissingInputError
        There is no run.
    IntegrityError
        `run.json` is not a run's record.
    """
    if not (folder / RUN_FILE).is_file():
        raise MissingInputError(f"Run `{folder.name}` does not exist in {folder.parent}. Hint: train one first.")
    document = read_json(folder / RUN_FILE)
    try:
        return RunInfo.model_validate(document)
    except ValidationError as error:
        raise IntegrityError(f"`{folder / RUN_FILE}` is not a run's record: {error}") from error


def write_config(folder: Path, system: SystemConfig) -> None:
    """Write the configuration that the run was trained with to `config.json`."""
    write_json(folder / CONFIG_FILE, system.model_dump(mode="json"))


def read_config(folder: Path) -> SystemConfig:
    """Return the configuration that the run in `folder` was trained with."""
    return stored_system(read_json(folder / CONFIG_FILE))


def all_runs(home: Home, system: str) -> list[RunInfo]:
    """Return the runs of `system`, oldest first; runs that were moved aside are not among them."""
    return [info for info in every_run(home)[0] if info.system == system]


def every_run(home: Home) -> tuple[list[RunInfo], list[str]]:
    """Return the runs of all systems, oldest first, and the folders whose record cannot be read.

    Runs that were moved aside are not among them.
    """
    folders = home.runs.iterdir() if home.runs.is_dir() else ()
    runs = [(folder.name, _readable(folder)) for folder in folders if (folder / RUN_FILE).is_file()]
    known = [info for name, info in runs if info is not None and info.run_id == name]
    return sorted(known, key=lambda info: info.started_at), sorted(name for name, info in runs if info is None)


def _readable(folder: Path) -> RunInfo | None:
    try:
        return read_run(folder)
    except IntegrityError:
        # one damaged record must not hide every other run
        logger.exception("Run %s is left out: its record cannot be read", folder.name)
        return None


def latest_run(home: Home, system: str, status: RunStatus | None = None) -> RunInfo | None:
    """Return the run of `system` that started last, of those in `status` when it is named, or None."""
    runs = [info for info in all_runs(home, system) if status in (None, info.status)]
    return runs[-1] if runs else None


def set_aside(folder: Path) -> Path | None:
    """Move an unfinished run to `<run_id>.interrupted-N` and return where it lies now, None without one."""
    if not folder.exists():
        return None
    number = 1
    while (aside := folder.with_name(f"{folder.name}.interrupted-{number}")).exists():
        number += 1
    folder.rename(aside)
    return aside
