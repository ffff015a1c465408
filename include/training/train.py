"""Train a system on a frozen dataset: one run directory, one owner, one outcome.

Asking again for a training that has finished returns what it gave. One that did not finish goes on from its newest
valid bundle, bit for bit; a run that another process holds is refused.
"""

import os
import platform
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gymnasium.spaces.utils import flatdim

from include.config.model import parse
from include.config.settings import Settings
from include.config.system import SystemConfig
from include.core.clock import wall_now
from include.core.errors import InvalidInputError, MissingInputError
from include.core.progress import Progress, no_progress
from include.core.version import code_version
from include.environments.make import make_env
from include.evaluation.trial_ledger import TrialLedger
from include.features.dataset import Dataset
from include.training.bundle import Bundle
from include.training.course import Course
from include.training.engines import ENGINES, make_trainer, resolve_device
from include.training.identity import identity_of, require_same
from include.training.keeper import Keeper
from include.training.logs import LOGS
from include.training.loop import Helpers, Limits, drive
from include.training.mlflow_mirror import Mirror
from include.training.ownership import FencedError, Owner, die_with_parent, lock_run
from include.training.recorder import Recorder
from include.training.resume import find_bundle, set_back, teller, write_told
from include.training.runs import (
    CONFIG_FILE,
    RUN_FILE,
    RunInfo,
    config_sha256,
    identity_of_run,
    read_run,
    run_id_of,
    set_aside,
    write_config,
    write_run,
)
from include.training.stopping import Stopper
from include.training.summary import RunSummary, summarise
from include.training.watchdog import HangWatchdog

_LIBRARIES = ("torch", "stable-baselines3", "sb3-contrib", "gymnasium", "numpy", "numba", "safetensors")
Started = Callable[[str], None]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class _Job:
    """A training as it was asked for."""

    system: SystemConfig
    dataset: Dataset
    device: str
    preset: str | None
    limits: Limits
    hang_seconds: float
    progress: Progress
    started: Started


def train(
    settings: Settings,
    system: SystemConfig,
    dataset: Dataset,
    *,
    steps: int | None = None,
    episodes: int | None = None,
    minutes: float | None = None,
    seed: int | None = None,
    output: str | None = None,
    resume: str | None = None,
    preset: str | None = None,
    engine: str | None = None,
    device: str = "auto",
    dies_with_parent: bool = False,
    progress: Progress = no_progress,
    started: Started = lambda _: None,
) -> RunSummary:
    """Train PPO and return the run's summary; the same training asked for again is not repeated.

    Parameters
    ----------
    settings : Settings
        Names the home and the profile.
    system : SystemConfig
        Hyper-parameters, reward, account; a preset is already applied.
    dataset : Dataset
        Frozen dataset of that system.
    steps : int or None
        Environment steps; None takes the profile's, or the system's where the profile names none or `resume` is given.
    episodes, minutes : int, float or None
        End the training earlier, after so many episodes or minutes over all attempts. Asked for again with more, or
        without, it goes on.
    seed : int or None
        None takes `system.training.seed`.
    output : str or None
        Name of the run instead of the one derived from its inputs.
    resume : str or None
        Run that must exist and be one of these inputs.
    preset : str or None
        Name of the applied preset, for the record.
    engine : {"fused", "sb3"} or None
        What trains; None takes `system.training.engine`.
    device : {"auto", "cpu", "cuda"}
        Where the networks are computed.
    dies_with_parent : bool
        Let the kernel kill this process when its parent dies, so that no orphan trains beside a retry.
    progress : callable
        Called with "training", steps done, steps in all.
    started : callable
        Called with the run's id once its record stands, before its first step; not for a training that has finished.

    Raises
    ------
    InvalidInputError
        Unknown engine or device, a dataset of another system, bad steps, seed or name, or a run that has other inputs;
        the message names the differences.
    AlreadyRunningError
        Another process trains this run, or has taken it over.
    MissingInputError
        `resume` names no run.
    DivergedError
        NaN, infinity or an absurd magnitude; the checkpoints before it are kept.
    """
    if dies_with_parent:
        die_with_parent()
    _require(system, dataset, output)
    fallback = settings.profile.total_timesteps if resume is None else None
    config = _effective(system, steps if steps is not None else fallback, seed, engine)
    where = resolve_device(config.training.engine, device)
    folder = settings.home.run(resume or output or run_id_of(config, dataset.info.id, where))
    if resume is not None and not (folder / RUN_FILE).is_file():
        raise MissingInputError(f"Run `{resume}` does not exist in {folder.parent}. Hint: `--resume` takes a run's id.")
    limits = Limits(config.training.total_timesteps, episodes, minutes)
    job = _Job(config, dataset, where, preset, limits, settings.training_hang_seconds, progress, started)
    with lock_run(folder, least_token=_newest_token(folder)) as owner:
        if _is_finished(folder, job):
            return summarise(folder, system, wall_now(), is_reused=True)
        _train(owner, job, Mirror(settings, folder), TrialLedger(settings.home.trials))
    return summarise(folder, system, wall_now(), is_reused=False)


def _train(owner: Owner, job: _Job, mirror: Mirror, ledger: TrialLedger) -> None:
    told: list[str] = []
    folder, bundle, stopper = owner.folder, None, Stopper(owner.folder)
    if (folder / RUN_FILE).is_file():
        bundle = find_bundle(folder, identity_of(job.system, job.dataset.info, job.device), teller(told))
    info = set_back(folder, bundle, teller(told)) if bundle else _start_over(folder, job)
    write_told(folder, told)
    job.started(folder.name)
    with stopper.listening(), Recorder(folder / LOGS, info.timesteps or None) as recorder:
        alerting = bundle.info.alerting if bundle else ()
        keeper = Keeper(owner, job.system, job.dataset, info, recorder, ledger, alerting)
        try:
            with HangWatchdog(folder, job.hang_seconds) as watchdog:
                _drive(job, bundle, Helpers(keeper, recorder, mirror, stopper, watchdog, job.progress))
        except FencedError:
            # the folder belongs to another process now
            raise
        except BaseException as error:
            keeper.fail(error)
            mirror.finish()
            raise


def _drive(job: _Job, bundle: Bundle | None, helpers: Helpers) -> None:
    training = job.system.training
    trainer = make_trainer(job.system, job.dataset, job.device)
    course = Course(training.total_timesteps, training.learning_rate, training.ent_coef)
    if bundle is not None:
        trainer.restore(bundle.snapshot)
        course = bundle.course(training.total_timesteps)
    ending = drive(trainer, job.system, course, job.limits, helpers)
    if ending.by == "stop":
        # whoever stops it waits: the mirror is brought up to date when the run goes on
        helpers.keeper.stop(course.timestep, ending.text)
    else:
        helpers.keeper.finish(course.timestep, ending.by, ending.text)
        helpers.mirror.finish()


def _start_over(folder: Path, job: _Job) -> RunInfo:
    set_aside(folder)
    folder.mkdir(parents=True)
    write_config(folder, job.system)
    return write_run(folder, _describe(folder.name, job))


def _newest_token(folder: Path) -> int:
    if not (folder / RUN_FILE).is_file():
        return 0
    return max((attempt.token for attempt in read_run(folder).attempts), default=0)


def _require(system: SystemConfig, dataset: Dataset, output: str | None) -> None:
    if dataset.info.system != system.name:
        raise InvalidInputError(
            f"`dataset` must be one of system {system.name}, was {dataset.info.id} of {dataset.info.system}. "
            f"Hint: freeze a dataset for {system.name}."
        )
    if output == "latest":
        raise InvalidInputError("`output` must not be 'latest': that always means the newest run.")
    if output is not None and not _NAME.fullmatch(output):
        raise InvalidInputError(f"`output` must be letters, digits, `_`, `-` and `.`, was {output!r}.")


def _effective(system: SystemConfig, steps: int | None, seed: int | None, engine: str | None) -> SystemConfig:
    if engine is not None and engine not in ENGINES:
        raise InvalidInputError(f"`engine` must be one of {', '.join(ENGINES)}, was {engine!r}.")
    changes: dict[str, Any] = {"total_timesteps": steps, "seed": seed, "engine": engine}
    document = system.model_dump()
    document["training"] |= {name: value for name, value in changes.items() if value is not None}
    return parse(SystemConfig, document, "training")


def _is_finished(folder: Path, job: _Job) -> bool:
    """Return whether the run has reached all that `job` asks for; a limit that has grown since lets it go on."""
    if not (folder / RUN_FILE).is_file():
        return False
    require_same(folder.name, identity_of_run(folder), identity_of(job.system, job.dataset.info, job.device))
    info, limits = read_run(folder), job.limits
    if info.status != "finished":
        return False
    if info.ended_by == "minutes":
        return limits.minutes is not None and (info.seconds or 0.0) >= 60.0 * limits.minutes
    if info.ended_by == "episodes":
        return limits.episodes is not None and info.episodes >= limits.episodes
    return True


def _describe(run_id: str, job: _Job) -> RunInfo:
    system, dataset = job.system, job.dataset
    env = make_env(system, dataset, "train", purpose="training")
    return RunInfo(
        run_id=run_id,
        system=system.name,
        preset=job.preset,
        engine=system.training.engine,
        seed=system.training.seed,
        dataset_id=dataset.info.id,
        config_path=CONFIG_FILE,
        config_sha256=config_sha256(system, job.device),
        features=dataset.info.features,
        inactive_features=dataset.info.inactive_features,
        observation_size=flatdim(env.observation_space),
        actions=flatdim(env.action_space),
        total_timesteps=system.training.total_timesteps,
        checkpoint_every_steps=system.training.checkpoint_every_steps,
        started_at=wall_now(),
        versions={name: version(name) for name in _LIBRARIES} | {"python": platform.python_version()},
        host={"name": socket.gethostname(), "platform": platform.platform(), "cpus": str(os.cpu_count())},
        feature_set_sha256=dataset.info.feature_set_sha256,
        device=job.device,
        code_version=code_version(),
    )
