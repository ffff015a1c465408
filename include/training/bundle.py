"""The resume bundle of a checkpoint: everything that the training needs to go on bit for bit.

    checkpoints/step_00010240/   state.safetensors  state.json   beside the model

The arrays of the engine's snapshot lie in the first file, the rest in the second; nothing in either is executed.
Writing the folder whole, and choosing which bundle to take, is the business of `checkpoints.py`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from include.core.errors import IntegrityError
from include.core.files import atomic_path, read_json, write_json
from include.training.course import Course
from include.training.engine import Snapshot
from include.training.identity import Identity

ARRAYS_FILE, INFO_FILE = "state.safetensors", "state.json"
BUNDLE_FILES = (ARRAYS_FILE, INFO_FILE)
_TRAINER = "trainer/"


class BestModel(BaseModel):
    """The best validation round so far."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: float
    timestep: int
    gates: int
    decision: str


class BundleInfo(BaseModel):
    """What a bundle is and all of it that is not an array.

    Attributes
    ----------
    token : int
        The owner that wrote it.
    logs : dict of int
        Bytes of each log file that belong to the steps before.
    episodes : int
        Ended ones.
    alerting : tuple of (str, str)
        Names and severities of the alerts that last.
    learning_rate, ent_coef : float
        From the next update on.
    trainer : dict
        `Snapshot.meta`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    run_id: str
    timestep: int
    token: int
    code_version: str
    identity: Identity
    logs: dict[str, int]
    episodes: int
    alerting: tuple[tuple[str, str], ...]
    best: BestModel | None
    learning_rate: float
    ent_coef: float
    trainer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle in memory; `arrays` holds the engine's under `trainer/`, and the course of the training."""

    info: BundleInfo
    arrays: dict[str, NDArray[Any]]

    @property
    def snapshot(self) -> Snapshot:
        """The engine's part of it."""
        own = {name: array for name, array in self.arrays.items() if name.startswith(_TRAINER)}
        return Snapshot({name.removeprefix(_TRAINER): array for name, array in own.items()}, self.info.trainer)

    def course(self, total_timesteps: int) -> Course:
        """Return the course of the training up to this boundary."""
        info = self.info
        course = Course(
            total_timesteps, info.learning_rate, info.ent_coef, timestep=info.timestep, episodes=info.episodes
        )
        course.fill(self.arrays)
        return course


def bundle_arrays(snapshot: Snapshot, course: Course) -> dict[str, NDArray[Any]]:
    """Return the arrays of a bundle."""
    return {f"{_TRAINER}{name}": array for name, array in snapshot.arrays.items()} | course.arrays()


def write_bundle(folder: Path, bundle: Bundle) -> tuple[str, ...]:
    """Write the two files of `bundle` into `folder` and return their names."""
    with atomic_path(folder / ARRAYS_FILE) as temporary:
        save_file({name: np.ascontiguousarray(array) for name, array in bundle.arrays.items()}, temporary)
    write_json(folder / INFO_FILE, bundle.info.model_dump(mode="json"))
    return BUNDLE_FILES


def read_bundle(folder: Path) -> Bundle:
    """Return the bundle in `folder`; checksums are the business of `verify_checkpoint`.

    Raises
    ------
    MissingInputError
        The checkpoint has none.
    IntegrityError
        A file is not what it should be.
    """
    document = read_json(folder / INFO_FILE)
    try:
        return Bundle(BundleInfo.model_validate(document), dict(load_file(folder / ARRAYS_FILE)))
    except ValidationError as error:
        raise IntegrityError(f"`{folder / INFO_FILE}` is not the state of a training: {error}") from error
    except (SafetensorError, OSError) as error:
        raise IntegrityError(f"`{folder / ARRAYS_FILE}` must be a safetensors file: {error}") from error
