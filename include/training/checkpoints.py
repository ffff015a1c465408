"""Checkpoints of a run: written as whole directories, the newest kept, the best never pruned."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from include.core.errors import IntegrityError, MissingInputError
from include.core.files import atomic_directory
from include.training.artifacts import CHECKPOINT, Manifest, ModelState, read_manifest, verify_model, write_model

CHECKPOINTS = "checkpoints"
_PREFIX = "step_"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One saved checkpoint and what its manifest says."""

    path: Path
    manifest: Manifest


def save_checkpoint(run_folder: Path, state: ModelState, run_id: str, score: float | None) -> Path:
    """Write `state` to `checkpoints/step_<timestep>/`, whole or not at all, and return that folder."""
    target = run_folder / CHECKPOINTS / f"{_PREFIX}{state.timestep:08d}"
    with atomic_directory(target) as temporary:
        write_model(temporary, CHECKPOINT, state, run_id, score)
    return target


def checkpoint_folders(run_folder: Path) -> list[Path]:
    """Return the folders of the run's checkpoints, oldest first."""
    return sorted((run_folder / CHECKPOINTS).glob(f"{_PREFIX}*"))


def list_checkpoints(run_folder: Path) -> list[Checkpoint]:
    """Return the run's checkpoints, oldest first, without those whose manifest cannot be read.

    Their other files are unchecked; `verify_checkpoint` checks them, and says what is wrong with the rest.
    """
    found: list[Checkpoint] = []
    for path in checkpoint_folders(run_folder):
        with suppress(IntegrityError, MissingInputError):
            found.append(Checkpoint(path, read_manifest(path, CHECKPOINT)))
    return found


def verify_checkpoint(folder: Path) -> Manifest:
    """Open a checkpoint, compare every checksum, and return its manifest."""
    return verify_model(folder, CHECKPOINT)


def prune_checkpoints(run_folder: Path, keep: int, best_timestep: int | None) -> list[Path]:
    """Delete all but the newest `keep` checkpoints and the best one; return what was deleted."""
    best = f"{_PREFIX}{best_timestep:08d}" if best_timestep is not None else None
    surplus = [path for path in checkpoint_folders(run_folder)[:-keep] if path.name != best]
    for path in surplus:
        shutil.rmtree(path)
    return surplus
