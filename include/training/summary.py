"""What a training returns to its caller: one small record that travels between tasks."""

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from include.config.system import SystemConfig
from include.core.checks import CheckReport
from include.training.runs import EndedBy, RunStatus, read_run
from include.training.watch import evaluate_run


class RunSummary(BaseModel):
    """A training's outcome; `is_reused` says that it had finished before this call.

    `best_score` is the portfolio's total return on the validation split, a fraction. `timesteps` can
    exceed `total_timesteps` by less than one rollout. `resumed_from` is the step that the last attempt
    went on from, 0 where it started anew.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    system: str
    dataset_id: str
    folder: str
    status: RunStatus
    ended_by: EndedBy | None
    timesteps: int
    total_timesteps: int
    seconds: float | None
    steps_per_second: float | None
    parameters_sha256: str | None
    best_score: float | None
    best_timestep: int | None
    best_gates: int | None
    best_decision: str | None
    alerts: CheckReport
    is_reused: bool
    resumed_from: int


def summarise(folder: Path, system: SystemConfig, now: datetime, *, is_reused: bool) -> RunSummary:
    """Return the summary of the run in `folder`, its alerts evaluated at `now`."""
    info = read_run(folder)
    names = RunSummary.model_fields.keys() & type(info).model_fields.keys()
    return RunSummary(
        **info.model_dump(include=set(names)),
        folder=str(folder),
        alerts=evaluate_run(folder, system, now),
        is_reused=is_reused,
        resumed_from=info.attempts[-1].from_step if info.attempts else 0,
    )
