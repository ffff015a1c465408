"""Checkpoints of a run: written as whole directories, the newest kept, the best never pruned."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from include.core.errors import IntegrityError, MissingInputError
from include.core.files import atomic_directory
from include.training.artifacts import CHECKPOINT, Manifest, ModelState, read_manifest, verify_model, write_model
from include.training.bundle import BUNDLE_FILES, Bundle, read_bundle, write_bundle

CHECKPOINTS = "checkpoints"
_PREFIX = "step_"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One saved checkpoint and what its manifest says."""

    path: Path
    manifest: Manifest


def save_checkpoint(
    run_folder: Path, state: ModelState, run_id: str, score: float | None, bundle: Bundle | None = None
) -> Path:
    """Write `state` to `checkpoints/step_<timestep>/`, whole or not at all, and return that folder.

    With a `bundle` the checkpoint is also one that the training can go on from.
    """
    target = checkpoint_folder(run_folder, state.timestep)
    with atomic_directory(target) as temporary:
        beside = write_bundle(temporary, bundle) if bundle else ()
        write_model(temporary, CHECKPOINT, state, run_id, score, beside)
    return target


def checkpoint_folder(run_folder: Path, timestep: int) -> Path:
    """Return where the checkpoint of `timestep` lies."""
    return run_folder / CHECKPOINTS / f"{_PREFIX}{timestep:08d}"


def newest_bundle(run_folder: Path, tell: Callable[[str], None]) -> Bundle | None:
    """Return the newest bundle of the run whose every checksum holds, None without one.

    Parameters
    ----------
    run_folder : Path
        The run.
    tell : callable
        Told one sentence about each newer checkpoint that cannot be used, and why.
    """
    for folder in reversed(checkpoint_folders(run_folder)):
        try:
            manifest = verify_checkpoint(folder)
            bundle = read_bundle(folder)
        except (IntegrityError, MissingInputError) as error:
            tell(f"Checkpoint {folder.name} cannot be resumed from: {error}")
            continue
        if bundle.info.timestep == manifest.timestep and set(BUNDLE_FILES) <= set(manifest.files):
            return bundle
        tell(f"Checkpoint {folder.name} cannot be resumed from: its manifest does not cover its training state.")
    return None


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
    best = checkpoint_folder(run_folder, best_timestep) if best_timestep is not None else None
    surplus = [path for path in checkpoint_folders(run_folder)[:-keep] if path != best]
    for path in surplus:
        shutil.rmtree(path)
    return surplus
