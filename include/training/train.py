"""Train a system on a frozen dataset: one run directory, one lock, one outcome.

Asking again for a training that has finished returns what it gave. One that did not finish is started
over, its folder moved aside; a run that another process holds is refused.
"""

import os
import platform
import re
import socket
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gymnasium.spaces.utils import flatdim

from include.config.model import parse
from include.config.settings import Settings
from include.config.system import SystemConfig
from include.core.clock import wall_now
from include.core.errors import InvalidInputError
from include.core.progress import Progress, no_progress
from include.environments.make import make_env
from include.features.dataset import Dataset
from include.training.keeper import Keeper
from include.training.logs import LOGS
from include.training.recorder import Recorder
from include.training.runs import (
    CONFIG_FILE,
    RUN_FILE,
    RunInfo,
    config_sha256,
    lock_run,
    read_run,
    run_id_of,
    set_aside,
    write_config,
    write_run,
)
from include.training.sb3 import ENGINE, train_sb3
from include.training.summary import RunSummary, summarise

ENGINES = {ENGINE: train_sb3}
_LIBRARIES = ("torch", "stable-baselines3", "gymnasium", "numpy")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def train(
    settings: Settings,
    system: SystemConfig,
    dataset: Dataset,
    *,
    steps: int | None = None,
    seed: int | None = None,
    output: str | None = None,
    preset: str | None = None,
    engine: str = ENGINE,
    progress: Progress = no_progress,
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
        Environment steps; None takes the profile's, or the system's where the profile names none.
    seed : int or None
        None takes `system.training.seed`.
    output : str or None
        Name of the run instead of the one derived from its inputs.
    preset : str or None
        Name of the applied preset, for the record.
    engine : {"sb3"}
        What trains.
    progress : callable
        Called with "training", steps done, steps in all.

    Raises
    ------
    InvalidInputError
        Unknown engine, a dataset of another system, bad steps, seed or name, or an `output` that names
        a finished run with other inputs.
    AlreadyRunningError
        Another process trains this run.
    DivergedError
        NaN or infinity; the checkpoints before it are kept.
    """
    _require(system, dataset, output, engine)
    config = _effective(settings, system, steps, seed)
    folder = settings.home.run(output or run_id_of(config, dataset.info.id, engine))
    with lock_run(folder):
        if _is_finished(folder, config, dataset, engine):
            return summarise(folder, system, wall_now(), is_reused=True)
        set_aside(folder)
        _run(folder, config, dataset, preset, engine, progress)
    return summarise(folder, system, wall_now(), is_reused=False)


def _run(
    folder: Path, system: SystemConfig, dataset: Dataset, preset: str | None, engine: str, progress: Progress
) -> None:
    info = _describe(folder.name, system, dataset, preset, engine)
    folder.mkdir(parents=True)
    write_config(folder, system)
    write_run(folder, info)
    with Recorder(folder / LOGS) as recorder:
        keeper = Keeper(folder, system, dataset, info, recorder)
        try:
            keeper.finish(ENGINES[engine](system, dataset, recorder, keeper, progress))
        except BaseException as error:
            keeper.fail(error)
            raise


def _require(system: SystemConfig, dataset: Dataset, output: str | None, engine: str) -> None:
    if engine not in ENGINES:
        raise InvalidInputError(f"`engine` must be one of {', '.join(ENGINES)}, was {engine!r}.")
    if dataset.info.system != system.name:
        raise InvalidInputError(
            f"`dataset` must be one of system {system.name}, was {dataset.info.id} of {dataset.info.system}. "
            f"Hint: freeze a dataset for {system.name}."
        )
    if output == "latest":
        raise InvalidInputError("`output` must not be 'latest': that always means the newest run.")
    if output is not None and not _NAME.fullmatch(output):
        raise InvalidInputError(f"`output` must be letters, digits, `_`, `-` and `.`, was {output!r}.")


def _effective(settings: Settings, system: SystemConfig, steps: int | None, seed: int | None) -> SystemConfig:
    chosen = steps if steps is not None else settings.profile.total_timesteps
    changes: dict[str, Any] = {"total_timesteps": chosen, "seed": seed}
    document = system.model_dump()
    document["training"] |= {name: value for name, value in changes.items() if value is not None}
    return parse(SystemConfig, document, "training")


def _is_finished(folder: Path, system: SystemConfig, dataset: Dataset, engine: str) -> bool:
    if not (folder / RUN_FILE).is_file():
        return False
    info = read_run(folder)
    if info.status != "finished":
        return False
    same = (info.dataset_id, info.seed, info.config_sha256) == (
        dataset.info.id,
        system.training.seed,
        config_sha256(system, engine),
    )
    if not same:
        raise InvalidInputError(
            f"`output` must be a new name, was {folder.name!r}, a finished run with other inputs. Hint: choose another."
        )
    return True


def _describe(run_id: str, system: SystemConfig, dataset: Dataset, preset: str | None, engine: str) -> RunInfo:
    env = make_env(system, dataset, "train", purpose="training")
    return RunInfo(
        run_id=run_id,
        system=system.name,
        preset=preset,
        engine=engine,
        seed=system.training.seed,
        dataset_id=dataset.info.id,
        config_path=CONFIG_FILE,
        config_sha256=config_sha256(system, engine),
        features=dataset.info.features,
        inactive_features=dataset.info.inactive_features,
        observation_size=flatdim(env.observation_space),
        actions=flatdim(env.action_space),
        total_timesteps=system.training.total_timesteps,
        checkpoint_every_steps=system.training.checkpoint_every_steps,
        started_at=wall_now(),
        versions={name: version(name) for name in _LIBRARIES} | {"python": platform.python_version()},
        host={"name": socket.gethostname(), "platform": platform.platform(), "cpus": str(os.cpu_count())},
    )
