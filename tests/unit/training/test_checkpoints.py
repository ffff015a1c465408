"""Checkpoints: names, pruning, verification, crash safety."""

from pathlib import Path

import pytest

from include.core.errors import IntegrityError
from include.training.artifacts import ModelState
from include.training.checkpoints import (
    checkpoint_folders,
    list_checkpoints,
    prune_checkpoints,
    save_checkpoint,
    verify_checkpoint,
)
from tests.unit.training.builders import add_checkpoint, model_state


def _names(folder: Path) -> list[str]:
    return [path.name for path in checkpoint_folders(folder)]


def test_a_checkpoint_is_a_folder_named_by_its_step_with_four_files(tmp_path: Path) -> None:
    folder = add_checkpoint(tmp_path, 10_240)
    assert folder == tmp_path / "checkpoints" / "step_00010240"
    assert sorted(path.name for path in folder.iterdir()) == [
        "manifest.json",
        "model.safetensors",
        "model.zip",
        "normalizer.json",
    ]
    assert verify_checkpoint(folder).timestep == 10_240


def test_the_newest_are_kept_and_the_best_is_never_pruned(tmp_path: Path) -> None:
    for step in (10, 20, 30, 40, 50):
        add_checkpoint(tmp_path, step)
    deleted = prune_checkpoints(tmp_path, keep=2, best_timestep=20)
    assert [path.name for path in deleted] == ["step_00000010", "step_00000030"]
    assert _names(tmp_path) == ["step_00000020", "step_00000040", "step_00000050"]


def test_nothing_is_pruned_below_the_number_to_keep(tmp_path: Path) -> None:
    add_checkpoint(tmp_path, 10)
    assert prune_checkpoints(tmp_path, keep=5, best_timestep=None) == []
    assert _names(tmp_path) == ["step_00000010"]


def test_a_failed_save_leaves_no_half_checkpoint(tmp_path: Path) -> None:
    def refuse(target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError("no space left on device")

    good = model_state(20)
    broken = ModelState(20, good.parameters, good.normalizer, good.architecture, refuse)
    add_checkpoint(tmp_path, 10)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(tmp_path, broken, "r", None)
    assert _names(tmp_path) == ["step_00000010"]
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step_00000010"]


def test_an_unreadable_manifest_is_left_out_of_the_list_and_fails_verification(tmp_path: Path) -> None:
    add_checkpoint(tmp_path, 10)
    broken = add_checkpoint(tmp_path, 20)
    (broken / "manifest.json").write_text("{")
    assert [checkpoint.manifest.timestep for checkpoint in list_checkpoints(tmp_path)] == [10]
    with pytest.raises(IntegrityError):
        verify_checkpoint(broken)
