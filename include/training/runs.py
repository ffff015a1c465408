"""The run directory: its files, its lock, and `run.json`, the one record of what a run is.

    runs/<run_id>/   run.json  config.json  logs/  checkpoints/  best_model.*  final_model.*

Writing models does not belong here (`artifacts.py`).
"""

import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from include.config.system import SystemConfig
from include.core.errors import AlreadyRunningError, IntegrityError, MissingInputError
from include.core.files import read_json, write_json
from include.core.paths import Home

logger = logging.getLogger(__name__)

RUN_FILE = "run.json"
CONFIG_FILE = "config.json"
# what decides the parameters that a training reaches; gates, alert limits and texts do not
_SHAPING = (
    "name",
    "timeframe",
    "calendar",
    "feature_set",
    "symbols",
    "account",
    "reward",
    "episode_length",
    "training",
)
_LOCK_ATTEMPTS, _LOCK_PAUSE_SECONDS = 5, 0.05

RunStatus = Literal["running", "finished", "failed", "stopped"]


class RunInfo(BaseModel):
    """What a run is and how far it came; times are wall-clock UTC.

    `best_score` is the portfolio's total return on the validation split, a fraction; `best_gates`
    is how many of the system's gates that same backtest passed, `best_decision` what they would decide.
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


def config_sha256(system: SystemConfig, engine: str) -> str:
    """Return the identity of everything in `system` that shapes a training, and of its engine."""
    document = system.model_dump(mode="json", include=set(_SHAPING)) | {"engine": engine}
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def run_id_of(system: SystemConfig, dataset_id: str, engine: str) -> str:
    """Return the run id of a training: the same inputs give the same id, any other input another."""
    return f"{system.name}-{dataset_id[:8]}-{config_sha256(system, engine)[:8]}-s{system.training.seed}"


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
    document: dict[str, Any] = read_json(folder / CONFIG_FILE)
    return SystemConfig.model_validate(document)


def all_runs(home: Home, system: str) -> list[RunInfo]:
    """Return the runs of `system`, oldest first; runs that were moved aside are not among them."""
    folders = home.runs.iterdir() if home.runs.is_dir() else ()
    runs = [(folder.name, _readable(folder)) for folder in folders if (folder / RUN_FILE).is_file()]
    mine = [info for name, info in runs if info is not None and info.run_id == name and info.system == system]
    return sorted(mine, key=lambda info: info.started_at)


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


@contextmanager
def lock_run(folder: Path) -> Iterator[None]:
    """Hold the run `folder` for this process alone; the lock ends with the process, however it ends.

    The lock file lies beside the folder, because an interrupted run's folder is moved aside.

    Raises
    ------
    AlreadyRunningError
        Another trainer holds the run.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock_file(folder).open("a+", encoding="utf-8") as stream:
        if not _acquire(stream.fileno()):
            stream.seek(0)
            raise AlreadyRunningError(
                f"Run `{folder.name}` is being trained by process {stream.read().strip() or 'unknown'}. "
                "Hint: wait for it, or train with another seed."
            )
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


def is_locked(folder: Path) -> bool:
    """Return whether a living trainer holds the run `folder`."""
    if not _lock_file(folder).exists():
        return False
    with _lock_file(folder).open("r", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def set_aside(folder: Path) -> Path | None:
    """Move an unfinished run to `<run_id>.interrupted-N` and return where it lies now, None without one."""
    if not folder.exists():
        return None
    number = 1
    while (aside := folder.with_name(f"{folder.name}.interrupted-{number}")).exists():
        number += 1
    folder.rename(aside)
    return aside


def _lock_file(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.lock")


def _acquire(descriptor: int) -> bool:
    # a reader's `is_locked` holds the lock for microseconds; one refusal is not yet another trainer
    for _ in range(_LOCK_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_SECONDS)
        else:
            return True
    return False
