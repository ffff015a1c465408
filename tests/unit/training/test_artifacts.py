"""Saved models: checksums, identity, refusal of damaged files."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from include.core.errors import IntegrityError, MissingInputError
from include.core.files import read_json, sha256_file, write_json
from include.training.artifacts import (
    BEST,
    CHECKPOINT,
    FINAL,
    copy_model,
    parameters_sha256,
    read_parameters,
    verify_model,
    write_model,
)
from tests.unit.training.builders import model_state


def test_file_names_are_the_documented_ones() -> None:
    assert (BEST.zip, BEST.normalizer) == ("best_model.zip", "best_model.normalizer.json")
    assert FINAL.zip == "final_model.zip"
    assert (CHECKPOINT.zip, CHECKPOINT.normalizer, CHECKPOINT.manifest) == (
        "model.zip",
        "normalizer.json",
        "manifest.json",
    )


def test_a_written_model_verifies_and_its_tensors_are_the_same(tmp_path: Path) -> None:
    state = model_state()
    manifest = write_model(tmp_path, BEST, state, "r", score=0.02)
    assert verify_model(tmp_path, BEST) == manifest
    assert (manifest.timestep, manifest.score, manifest.parameters_sha256) == (100, 0.02, state.sha256)
    read = read_parameters(tmp_path / BEST.tensors)
    assert parameters_sha256(read) == state.sha256
    assert {name: tensor.tolist() for name, tensor in read.items()} == {
        name: tensor.tolist() for name, tensor in state.parameters.items()
    }


def test_no_temporary_file_stays_behind(tmp_path: Path) -> None:
    write_model(tmp_path, BEST, model_state(), "r", None)
    assert {path.name for path in tmp_path.iterdir()} == {BEST.zip, BEST.tensors, BEST.normalizer, BEST.manifest}


def test_identity_ignores_the_order_of_tensors_and_sees_one_changed_bit() -> None:
    parameters = model_state().parameters
    assert parameters_sha256(dict(reversed(parameters.items()))) == parameters_sha256(parameters)
    changed = {name: tensor.copy() for name, tensor in parameters.items()}
    changed["action_net.bias"][0] = np.nextafter(changed["action_net.bias"][0], np.float32(np.inf))
    assert parameters_sha256(changed) != parameters_sha256(parameters)


def test_identity_sees_shape_and_name() -> None:
    tensor = np.zeros((2, 3), np.float32)
    hashes = {parameters_sha256(p) for p in ({"a": tensor}, {"b": tensor}, {"a": tensor.reshape(3, 2)})}
    assert len(hashes) == 3


@pytest.mark.parametrize("name", [BEST.zip, BEST.tensors, BEST.normalizer])
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    write_model(tmp_path, BEST, model_state(), "r", None)
    content = bytearray((tmp_path / name).read_bytes())
    content[-1] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(IntegrityError, match="must have sha256"):
        verify_model(tmp_path, BEST)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path, BEST, model_state(), "r", None)
    (tmp_path / BEST.normalizer).unlink()
    with pytest.raises(IntegrityError, match="missing"):
        verify_model(tmp_path, BEST)


def test_a_crash_between_two_files_is_seen(tmp_path: Path) -> None:
    write_model(tmp_path, BEST, model_state(seed=0), "r", None)
    old = (tmp_path / BEST.manifest).read_bytes()
    write_model(tmp_path, BEST, model_state(seed=1), "r", None)
    (tmp_path / BEST.manifest).write_bytes(old)
    with pytest.raises(IntegrityError):
        verify_model(tmp_path, BEST)


def test_a_manifest_that_names_other_files_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path, BEST, model_state(), "r", None)
    document = read_json(tmp_path / BEST.manifest)
    document["files"] = {"../../etc/passwd": "0" * 64}
    write_json(tmp_path / BEST.manifest, document)
    with pytest.raises(IntegrityError, match="must name"):
        verify_model(tmp_path, BEST)


def test_other_parameters_under_matching_checksums_are_refused(tmp_path: Path) -> None:
    write_model(tmp_path, BEST, model_state(seed=0), "r", None)
    document = read_json(tmp_path / BEST.manifest)
    write_model(tmp_path, FINAL, model_state(seed=1), "r", None)
    (tmp_path / FINAL.tensors).replace(tmp_path / BEST.tensors)
    document["files"][BEST.tensors] = sha256_file(tmp_path / BEST.tensors)
    write_json(tmp_path / BEST.manifest, document)
    with pytest.raises(IntegrityError, match="must hold parameters"):
        verify_model(tmp_path, BEST)


def test_a_model_that_was_never_saved_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match=r"best_model\.manifest\.json"):
        verify_model(tmp_path, BEST)


def test_a_pickle_in_place_of_the_tensors_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(pickle.dumps({"weight": 1}))
    with pytest.raises(IntegrityError, match="must be a safetensors file"):
        read_parameters(tmp_path / "model.safetensors")


def test_a_model_is_copied_under_another_name_with_its_checksums(tmp_path: Path) -> None:
    source = tmp_path / "checkpoint"
    source.mkdir()
    (source / "state.json").write_text("{}")
    written = write_model(source, CHECKPOINT, model_state(7), "r", 0.25, beside=["state.json"])
    assert set(written.files) == {CHECKPOINT.zip, CHECKPOINT.tensors, CHECKPOINT.normalizer, "state.json"}
    copied = copy_model(source, CHECKPOINT, tmp_path, BEST)
    assert verify_model(tmp_path, BEST) == copied
    assert (copied.timestep, copied.score, copied.parameters_sha256) == (7, 0.25, written.parameters_sha256)
    assert (tmp_path / BEST.zip).read_bytes() == (source / CHECKPOINT.zip).read_bytes()


def test_a_damaged_model_is_not_copied(tmp_path: Path) -> None:
    source = tmp_path / "checkpoint"
    source.mkdir()
    write_model(source, CHECKPOINT, model_state(7), "r", 0.25)
    (source / CHECKPOINT.tensors).write_bytes(b"something else")
    with pytest.raises(IntegrityError, match="must have sha256"):
        copy_model(source, CHECKPOINT, tmp_path, BEST)
    assert not (tmp_path / BEST.manifest).exists()


def test_a_file_beside_the_model_is_covered_by_the_checksums(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}")
    write_model(tmp_path, CHECKPOINT, model_state(7), "r", 0.25, beside=["state.json"])
    (tmp_path / "state.json").write_text("[]")
    with pytest.raises(IntegrityError, match=r"state.json` must have sha256"):
        verify_model(tmp_path, CHECKPOINT)
