"""The stages of `train_ppo` as its form asks for them: checklist, dataset, and each training.

The stages that the command line shares are in `stages.py`; wiring belongs to the DAG.
"""

from collections.abc import Callable
from typing import Any

from include.config.settings import Settings
from include.config.system import SystemConfig, load_system, with_settings
from include.core.errors import BlockedError, DuplicateError, StoppedError, TransientError
from include.core.progress import Progress, no_progress
from include.core.slots import SCHEDULE
from include.orchestration import check_stages, stages
from include.orchestration.termination import noting_sigterm
from include.orchestration.training_request import TrainingRequest


class InterruptedTrainingError(TransientError):
    """A training was told to end before its time; it kept its last step, and the next try goes on from there."""


def require_ready(
    settings: Settings, request: TrainingRequest, occasion: str | None = None, signed_by: str = SCHEDULE
) -> dict[str, Any]:
    """Work through the pre-training checklist, post it and return what it says.

    Raises
    ------
    MissingInputError
        No features were ever built, or the run to resume does not exist: there is nothing to check yet.
    BlockedError
        The training would be impossible or wrong.
    """
    from include.features.store import read_manifest
    from include.training.pre_training import pre_training
    from include.training.runs import read_config, read_run

    dataset_id, name, preset = None, request.system, request.preset
    if request.resume is None:
        # a schedule that comes before the first features skips, and nobody is told
        read_manifest(settings.home.features(load_system(name).feature_set))
    else:
        run = read_run(settings.home.run(request.resume))
        dataset_id, name, preset = run.dataset_id, run.system, run.preset

    def load() -> SystemConfig:
        return read_config(settings.home.run(request.resume)) if request.resume else request.config(settings)

    checklist = pre_training(settings, name, load, dataset_id, preset)
    posted = check_stages.post_check(settings, checklist.slot_report, occasion, signed_by)
    if checklist.verdict == "BLOCKED":
        reasons = " ".join(failure.message for failure in checklist.blockers)
        raise BlockedError(f"The pre-training checklist of {name} is BLOCKED: {reasons}")
    return {"verdict": checklist.verdict, **posted}


def trainings(
    settings: Settings,
    request: TrainingRequest,
    asked_by: str,
    is_under_way: Callable[[str], bool],
) -> list[dict[str, Any]]:
    """Freeze the newest features and return the trainings on them: dataset, seed and name of each run.

    Parameters
    ----------
    settings : Settings
        Names the home.
    request : TrainingRequest
        The form.
    asked_by : str
        The DAG run that asks.
    is_under_way : callable
        Whether another DAG run, by its id, has not ended.

    Raises
    ------
    DuplicateError
        A DAG run that is under way asked for one of them before; nothing was started.
    """
    from include.training.claims import claim
    from include.training.runs import read_run

    if request.resume is not None:
        run = read_run(settings.home.run(request.resume))
        jobs = [{"dataset_id": run.dataset_id, "seed": run.seed, "output": run.run_id}]
    else:
        config = request.config(settings)
        frozen = stages.freeze_dataset(settings, request.system, request.preset, request.changes(settings))
        jobs = [{"dataset_id": frozen["id"], **job} for job in request.jobs(config.training.seed)]
    for job in jobs:
        run_id = _run_id(settings, request, job)
        holder = claim(settings.home.training_claim(run_id), asked_by, is_under_way)
        if holder != asked_by:
            raise DuplicateError(
                f"Training `{run_id}` was asked for already, by the DAG run `{holder}`, which is under way; nothing "
                "was started. Hint: wait for that one, or change the seed, the preset or the run name."
            )
    return jobs


def _run_id(settings: Settings, request: TrainingRequest, job: dict[str, Any]) -> str:
    from include.training.engines import resolve_device
    from include.training.runs import run_id_of

    if job["output"] is not None:
        return str(job["output"])
    config = with_settings(request.config(settings), {"training.seed": job["seed"]})
    return run_id_of(config, job["dataset_id"], resolve_device(config.training.engine, "auto"))


def train(
    settings: Settings, request: TrainingRequest, job: dict[str, Any], progress: Progress = no_progress
) -> dict[str, Any]:
    """Train one of `trainings`, or go on with it, and return its summary; the process dies with its parent.

    Raises
    ------
    InterruptedTrainingError
        SIGTERM came; the last step is kept.
    StoppedError
        A person stopped the run; people were told.
    """
    with noting_sigterm() as notice:
        summary = _train(settings, request, job, progress)
    where = f"Training `{summary['run_id']}` ended at step {summary['timesteps']:,} of {summary['total_timesteps']:,}"
    if summary["status"] == "stopped" and notice.came:
        raise InterruptedTrainingError(f"{where}, asked by SIGTERM; the next try goes on from there.")
    if summary["status"] == "stopped":
        stages.announce_training(settings, summary["run_id"])
        raise StoppedError(f"{where}, stopped by a person. Hint: name it under Resume run to go on.")
    return summary


def _train(settings: Settings, request: TrainingRequest, job: dict[str, Any], progress: Progress) -> dict[str, Any]:
    def started(run_id: str) -> None:
        stages.announce_start(settings, run_id)

    if request.resume is not None:
        return stages.resume_training(
            settings, request.resume, dies_with_parent=True, progress=progress, started=started
        )
    return stages.train(
        settings,
        request.system,
        job["dataset_id"],
        preset=request.preset,
        overrides=request.changes(settings),
        steps=request.config(settings).training.total_timesteps,
        episodes=request.episodes,
        minutes=request.minutes,
        seed=job["seed"],
        output=job["output"],
        dies_with_parent=True,
        progress=progress,
        started=started,
    )
