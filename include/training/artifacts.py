"""Models on disk: SB3 zip, safetensors, normaliser and manifest, each atomic, tied by checksums.

    checkpoints/step_00010240/   model.zip  model.safetensors  normalizer.json  manifest.json  state.*
    best_model.zip  best_model.safetensors  best_model.normalizer.json  best_model.manifest.json

Everything is read without unpickling: the zip is for stock stable-baselines3 and is never opened here.
"""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from include.core.clock import wall_now
from include.core.errors import IntegrityError, MissingInputError
from include.core.files import atomic_path, read_json, sha256_file, write_json
from include.training.normalizer import Normalizer

Parameters = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Names of the four files of one saved model."""

    zip: str
    tensors: str
    normalizer: str
    manifest: str

    @classmethod
    def named(cls, stem: str) -> "ModelFiles":
        """Return the names of a model that shares its folder with others."""
        return cls(f"{stem}.zip", f"{stem}.safetensors", f"{stem}.normalizer.json", f"{stem}.manifest.json")


CHECKPOINT = ModelFiles("model.zip", "model.safetensors", "normalizer.json", "manifest.json")
BEST = ModelFiles.named("best_model")
FINAL = ModelFiles.named("final_model")


class Architecture(BaseModel):
    """Shape of an MLP policy: `hidden` layers of the policy net, each followed by `activation`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    observation_size: int
    hidden: tuple[int, ...]
    actions: int
    activation: str = "tanh"


class Manifest(BaseModel):
    """What a saved model is; `files` maps each file to the SHA-256 of its bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    timestep: int
    created_at: datetime
    parameters_sha256: str
    architecture: Architecture
    score: float | None
    files: dict[str, str]


@dataclass(frozen=True)
class ModelState:
    """A trained model at one timestep, as an engine hands it over.

    Attributes
    ----------
    timestep : int
        Environment steps behind it.
    parameters : dict of float32 arrays
        All tensors of the policy, named as SB3 names them.
    normalizer : Normalizer
        Observation statistics at this timestep.
    architecture : Architecture
        Shape of the policy.
    save_zip : callable
        Writes the SB3 zip to the path it is given.
    """

    timestep: int
    parameters: Parameters
    normalizer: Normalizer
    architecture: Architecture
    save_zip: Callable[[Path], None]

    @property
    def sha256(self) -> str:
        """Identity of the parameters."""
        return parameters_sha256(self.parameters)


def parameters_sha256(parameters: Mapping[str, NDArray[Any]]) -> str:
    """Return the SHA-256 over name, type, shape and bytes of every tensor, independent of their order."""
    digest = hashlib.sha256()
    for name in sorted(parameters):
        tensor = np.ascontiguousarray(parameters[name])
        digest.update(f"{name}\x1f{tensor.dtype.str}\x1f{tensor.shape}\x1f".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()


def write_model(
    folder: Path, files: ModelFiles, state: ModelState, run_id: str, score: float | None, beside: Sequence[str] = ()
) -> Manifest:
    """Write the four files of `state` into `folder`, the manifest last, and return the manifest.

    `beside` names files already in `folder` that the manifest's checksums cover too. Each file is old or new,
    never half; a crash between two of them leaves checksums that do not match the manifest, which `verify_model`
    refuses.
    """
    with atomic_path(folder / files.zip) as temporary:
        state.save_zip(temporary)
    with atomic_path(folder / files.tensors) as temporary:
        save_file({name: np.ascontiguousarray(tensor) for name, tensor in state.parameters.items()}, temporary)
    write_json(folder / files.normalizer, state.normalizer.to_json())
    manifest = Manifest(
        run_id=run_id,
        timestep=state.timestep,
        created_at=wall_now(),
        parameters_sha256=state.sha256,
        architecture=state.architecture,
        score=score,
        files={name: sha256_file(folder / name) for name in (files.zip, files.tensors, files.normalizer, *beside)},
    )
    write_json(folder / files.manifest, manifest.model_dump(mode="json"))
    return manifest


def read_manifest(folder: Path, files: ModelFiles) -> Manifest:
    """Return the manifest of the model in `folder`, its files unchecked."""
    if not (folder / files.manifest).is_file():
        raise MissingInputError(
            f"`{files.manifest}` does not exist in {folder}. Hint: has the run saved this model yet?"
        )
    document = read_json(folder / files.manifest)
    try:
        return Manifest.model_validate(document)
    except ValidationError as error:
        raise IntegrityError(f"`{folder / files.manifest}` is not a manifest: {error}") from error


def copy_model(source: Path, held: ModelFiles, target: Path, files: ModelFiles) -> Manifest:
    """Copy the verified model `held` in `source` to `target` under the names `files`, the manifest last.

    Raises
    ------
    IntegrityError
        As `verify_model`.
    """
    manifest = verify_model(source, held)
    names = {held.zip: files.zip, held.tensors: files.tensors, held.normalizer: files.normalizer}
    for old, new in names.items():
        with atomic_path(target / new) as temporary:
            shutil.copyfile(source / old, temporary)
    renamed = {new: manifest.files[old] for old, new in names.items()}
    copied = manifest.model_copy(update={"files": renamed})
    write_json(target / files.manifest, copied.model_dump(mode="json"))
    return copied


def verify_model(folder: Path, files: ModelFiles) -> Manifest:
    """Open every file of a saved model, compare its checksum, and return the manifest.

    Raises
    ------
    MissingInputError
        There is no manifest.
    IntegrityError
        A file is missing, differs from its checksum, or holds other parameters than recorded.
    """
    manifest = read_manifest(folder, files)
    required = {files.zip, files.tensors, files.normalizer}
    if not required <= set(manifest.files):
        raise IntegrityError(f"`{folder / files.manifest}` must name {sorted(required)}, was {sorted(manifest.files)}.")
    for name, recorded in manifest.files.items():
        _verify_file(folder / name, recorded)
    actual = parameters_sha256(read_parameters(folder / files.tensors))
    if actual != manifest.parameters_sha256:
        raise IntegrityError(
            f"`{folder / files.tensors}` must hold parameters {manifest.parameters_sha256[:12]}, was {actual[:12]}."
        )
    return manifest


def read_parameters(source: Path) -> Parameters:
    """Return the tensors of a safetensors file; nothing in it is executed."""
    try:
        return dict(load_file(source))
    except (SafetensorError, OSError) as error:
        raise IntegrityError(f"`{source}` must be a safetensors file: {error}") from error


def _verify_file(source: Path, recorded: str) -> None:
    if not source.is_file():
        raise IntegrityError(f"`{source.name}` is named by its manifest but missing in {source.parent}.")
    actual = sha256_file(source)
    if actual != recorded:
        raise IntegrityError(
            f"`{source}` must have sha256 {recorded[:12]}…, was {actual[:12]}…. "
            "Hint: the file was changed or only partly written; use another checkpoint."
        )
