"""Everything that a run's folder says about a training, read once; judging it belongs to `watch.py`."""

import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from include.core.errors import IntegrityError, MissingInputError
from include.training.checkpoints import Checkpoint, list_checkpoints
from include.training.logs import (
    ALL_LOGS,
    CONVERGENCE,
    CSV_LOGS,
    EPISODES,
    LOGS,
    UPDATES,
    VALIDATION,
    Columns,
    LogFile,
    empty_log,
    read_log,
)
from include.training.mlflow_mirror import mirror_error
from include.training.ownership import is_locked
from include.training.runs import RunInfo, read_run

MIN_TREND_POINTS = 10


@dataclass(frozen=True)
class RunFacts:
    """A run as its files describe it at one moment.

    Attributes
    ----------
    is_alive : bool
        A living process holds the run's lock.
    convergence, updates, episodes, validation : dict of float64 arrays
        The CSV logs, empty when absent.
    checkpoints : tuple of Checkpoint
        Oldest first.
    log_problems : tuple of str
        Documented log files that are not there or cannot be read, and why.
    mirror_error : str or None
        Why the newest write to MLflow failed.
    """

    folder: Path
    info: RunInfo
    is_alive: bool
    convergence: Columns
    updates: Columns
    episodes: Columns
    validation: Columns
    checkpoints: tuple[Checkpoint, ...]
    log_problems: tuple[str, ...]
    mirror_error: str | None = None

    @property
    def timesteps(self) -> int:
        """Environment steps reached, from the newest update."""
        steps = self.convergence["timestep"]
        return max(self.info.timesteps, int(steps[-1]) if len(steps) else 0)

    @property
    def is_training(self) -> bool:
        """True while a trainer works on the run."""
        return self.info.status == "running" and self.is_alive

    @property
    def saved_at(self) -> datetime | None:
        """When the newest checkpoint was written, None before the first."""
        return self.checkpoints[-1].manifest.created_at if self.checkpoints else None


@dataclass(frozen=True, slots=True)
class Trend:
    """Slope of the episode reward per environment step, its standard error, and the episodes behind it."""

    slope: float
    standard_error: float
    episodes: int

    @property
    def is_falling(self) -> bool:
        """True when the fall is more than twice its standard error, so not mere noise."""
        return self.slope < -2 * self.standard_error

    @property
    def is_rising(self) -> bool:
        """True when the rise is more than twice its standard error."""
        return self.slope > 2 * self.standard_error


def read_facts(folder: Path) -> RunFacts:
    """Return what the files of the run in `folder` say now; a damaged log counts as empty and as a problem."""
    logs, is_alive = folder / LOGS, is_locked(folder)
    absent = [name for name in ALL_LOGS if not (logs / name).exists()]
    # a trainer opens them all once its kernels are compiled; one that hangs before is ended by its own watchdog
    has_just_begun = is_alive and len(absent) == len(ALL_LOGS)
    problems = [] if has_just_begun else [f"{name} is missing" for name in absent]
    tables = {log.name: _read(logs, log, problems) for log in CSV_LOGS}
    return RunFacts(
        folder=folder,
        info=read_run(folder),
        is_alive=is_alive,
        convergence=tables[CONVERGENCE.name],
        updates=tables[UPDATES.name],
        episodes=tables[EPISODES.name],
        validation=_read(logs, VALIDATION, problems),
        checkpoints=tuple(list_checkpoints(folder)),
        log_problems=tuple(problems),
        mirror_error=mirror_error(folder),
    )


def reward_trend(episodes: Columns, window_steps: int) -> Trend | None:
    """Return the least-squares slope of episode reward over timesteps, None while too few episodes ended.

    The window is the last `window_steps`, and at least the last ten episodes. The standard error is
    that of ordinary least squares, sqrt(SSE / (n − 2) / Sxx).
    """
    known = np.isfinite(episodes["reward"])
    steps, rewards = episodes["timesteps"][known], episodes["reward"][known]
    count = max(int(np.sum(steps > steps[-1] - window_steps)), MIN_TREND_POINTS) if len(steps) else 0
    x, y = steps[-count:], rewards[-count:]
    if len(x) < MIN_TREND_POINTS or np.ptp(x) == 0:
        return None
    deviations = x - x.mean()
    spread = float(deviations @ deviations)
    slope = float(deviations @ y) / spread
    residuals = y - y.mean() - slope * deviations
    return Trend(slope, math.sqrt(float(residuals @ residuals) / (len(x) - 2) / spread), len(x))


def improvement(convergence: Columns, window_steps: int) -> float | None:
    """Return by how much the best update reward of the last `window_steps` exceeds the best before.

    None while no update with a reward lies on one of the two sides.
    """
    known = np.isfinite(convergence["reward"])
    steps, rewards = convergence["timestep"][known], convergence["reward"][known]
    if not len(steps):
        return None
    before = steps <= convergence["timestep"][-1] - window_steps
    if not before.any() or before.all():
        return None
    return float(rewards[~before].max() - rewards[before].max())


def train_validation_gap(episodes: Columns, validation: Columns, rounds: int) -> float | None:
    """Return by how much the win rate in training exceeds that on the validation split, mean of the last `rounds`.

    A round is compared with the episodes that ended since the round before. None while one of them has no trades.
    """
    steps, rates = validation["timestep"], validation["win_rate"]
    if len(steps) < rounds:
        return None
    starts = np.concatenate([[0.0], steps])[-rounds - 1 : -1]
    ended, won = episodes["timesteps"], episodes["win_rate"]
    gaps = []
    for start, step, rate in zip(starts, steps[-rounds:], rates[-rounds:], strict=True):
        trained = won[(ended > start) & (ended <= step) & np.isfinite(won)]
        gaps.append(trained.mean() - rate if len(trained) else math.nan)
    gap = float(np.mean(gaps))
    return gap if math.isfinite(gap) else None


def last(values: Columns, column: str) -> float | None:
    """Return the newest value of a column, NaN when it is undefined, None without any row."""
    return float(values[column][-1]) if len(values[column]) else None


def _read(folder: Path, log: LogFile, problems: list[str]) -> Columns:
    try:
        return read_log(folder, log)
    except MissingInputError:
        return empty_log(log)
    except IntegrityError as error:
        problems.append(str(error))
        return empty_log(log)
