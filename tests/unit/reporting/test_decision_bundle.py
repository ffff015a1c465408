"""A decision bundle holds what it says, and says when it no longer does."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from include.config.settings import Settings
from include.core.errors import IntegrityError, MissingInputError
from include.features.dataset import load_dataset
from include.reporting.decision_bundle import (
    DATA_FOLDER,
    MODEL_FOLDER,
    Approval,
    bundle_sha256,
    copy_inputs,
    read_approvals,
    require_intact,
    seal_bundle,
    versions,
    write_approval,
)
from include.training.policy import load_policy
from include.training.runs import read_config
from tests.unit.reporting.conftest import small_dataset

NOW = datetime(2026, 2, 27, 14, tzinfo=UTC)


@pytest.fixture
def bundle(trained: tuple[Settings, Path], tmp_path: Path) -> Path:
    _, run_folder = trained
    folder = tmp_path / "bundle"
    copy_inputs(folder, run_folder, None, read_config(run_folder), small_dataset(), "test", lead=10)
    (folder / "revalidation_result.json").write_text("{}")
    seal_bundle(folder, "0123456789abcdef", NOW)
    return folder


def approval(bundle: Path, **changes: object) -> Approval:
    facts = {
        "bundle_sha256": bundle_sha256(bundle),
        "answer": "approve",
        "answered_by": "cto",
        "answered_at": NOW,
        "reason": "the evidence suffices",
    }
    return Approval.model_validate(facts | changes)


def test_the_model_and_the_test_window_are_read_from_the_bundle_alone(
    bundle: Path, trained: tuple[Settings, Path]
) -> None:
    ours, theirs = load_policy(bundle / MODEL_FOLDER), load_policy(trained[1])
    assert (ours.sha256, ours.run_id) == (theirs.sha256, theirs.run_id)
    cut, whole = load_dataset(bundle / DATA_FOLDER).split("test"), small_dataset().split("test")
    assert list(cut) == list(whole)
    for symbol, series in whole.items():
        np.testing.assert_array_equal(cut[symbol].features, series.features)
        np.testing.assert_array_equal(cut[symbol].close, series.close)


def test_every_file_is_in_the_manifest(bundle: Path) -> None:
    manifest = require_intact(bundle)
    on_disk = {file.relative_to(bundle).as_posix() for file in bundle.rglob("*") if file.is_file()}
    assert set(manifest.files) == on_disk - {"bundle.json"}
    assert {"model/best_model.safetensors", "model/run.json", "data/dataset_info.json", "system.json"} <= on_disk


def test_sealing_the_same_content_again_keeps_the_manifest(bundle: Path) -> None:
    before = bundle_sha256(bundle)
    seal_bundle(bundle, "0123456789abcdef", NOW + timedelta(days=1))
    assert bundle_sha256(bundle) == before
    (bundle / "revalidation_result.json").write_text('{"decision": "GO"}')
    seal_bundle(bundle, "0123456789abcdef", NOW + timedelta(days=1))
    assert bundle_sha256(bundle) != before


@pytest.mark.parametrize("how", ["changed", "removed", "added"])
def test_a_bundle_that_was_touched_names_the_file(bundle: Path, how: str) -> None:
    victim = bundle / "revalidation_result.json"
    if how == "changed":
        victim.write_text('{"decision": "GO"}')
    elif how == "removed":
        victim.unlink()
    else:
        victim = bundle / "extra.txt"
        victim.write_text("")
    with pytest.raises(IntegrityError, match=victim.name):
        require_intact(bundle)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="no decision bundle"):
        require_intact(tmp_path)


def test_an_approval_is_kept_with_who_and_when_and_does_not_break_the_bundle(bundle: Path) -> None:
    assert read_approvals(bundle) == ()
    first = write_approval(bundle, approval(bundle))
    assert read_approvals(bundle) == (first,)
    assert write_approval(bundle, approval(bundle, answered_at=NOW + timedelta(hours=1))) == first
    require_intact(bundle)


def test_another_answer_is_put_behind_the_first_and_loses_nothing(bundle: Path) -> None:
    first = write_approval(bundle, approval(bundle))
    second = write_approval(bundle, approval(bundle, answer="reject", answered_by="ml"))
    assert read_approvals(bundle) == (first, second)


def test_an_answer_on_another_bundle_or_an_edited_one_is_refused(bundle: Path) -> None:
    answer = approval(bundle)
    with pytest.raises(IntegrityError, match="answered on"):
        write_approval(bundle, approval(bundle, bundle_sha256="0" * 64))
    (bundle / "revalidation_result.json").write_text('{"decision": "GO"}')
    with pytest.raises(IntegrityError, match=r"revalidation_result\.json"):
        write_approval(bundle, answer)
    assert read_approvals(bundle) == ()


def test_versions_name_what_figures_depend_on() -> None:
    found = versions()
    assert found["numpy"] == np.__version__
    assert {"python", "machine", "code", "numba", "pyarrow", "pandas"} <= found.keys()
