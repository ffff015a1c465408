"""How an unfinished run goes on, and when it does not."""

import shutil
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from include.config.settings import Settings
from include.core.errors import InvalidInputError, MissingInputError
from include.core.files import read_json, sha256_file, write_json
from include.features.dataset import Dataset
from include.training.artifacts import BEST, CHECKPOINT, verify_model
from include.training.bundle import ARRAYS_FILE, INFO_FILE
from include.training.checkpoints import checkpoint_folders
from include.training.logs import ALERTS, DAILY_SUMMARY, LOGS
from include.training.policy import load_policy
from include.training.runs import read_run
from include.training.summary import RunSummary
from include.training.train import train
from tests.unit.training.builders import tiny_dataset, tiny_system

STEPS = 640


def _train(settings: Settings, dataset: Dataset | None = None, **arguments: object) -> RunSummary:
    system = tiny_system(checkpoints_kept=5)
    return train(settings, system, dataset or tiny_dataset(), **({"steps": STEPS, "seed": 7} | arguments))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunSummary:
    """An uninterrupted training with checkpoints at 128, 256, 320, 448, 512 and 640."""
    return _train(Settings(PERPETUA_HOME=tmp_path_factory.mktemp("whole")))


@pytest.fixture(scope="module")
def cut_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cut")

    def cut(label: str, done: int, total: int) -> None:
        if done >= 576:
            raise RuntimeError("cut")

    with pytest.raises(RuntimeError, match="cut"):
        _train(Settings(PERPETUA_HOME=home), output="mine", progress=cut)
    return home


@pytest.fixture
def cut(cut_home: Path, tmp_path: Path) -> Path:
    """Folder of a training cut short at step 576, its newest checkpoint at 512, in the home of this test."""
    shutil.copytree(cut_home, tmp_path / "home")
    return tmp_path / "home" / "runs" / "mine"


def _alerts(folder: Path) -> str:
    return (folder / LOGS / ALERTS).read_text()


@pytest.mark.parametrize("name", [ARRAYS_FILE, INFO_FILE, CHECKPOINT.tensors, CHECKPOINT.zip, CHECKPOINT.manifest])
def test_a_damaged_newest_bundle_falls_back_to_the_one_before_and_says_so(
    settings: Settings, cut: Path, whole: RunSummary, name: str
) -> None:
    damaged = cut / "checkpoints" / "step_00000512" / name
    damaged.write_bytes(damaged.read_bytes()[:-7])
    again = _train(settings, output="mine")
    assert again.resumed_from == 448
    assert again.parameters_sha256 == whole.parameters_sha256
    assert "Checkpoint step_00000512 cannot be resumed from" in _alerts(cut)
    # written again on the way
    assert verify_model(cut / "checkpoints" / "step_00000512", CHECKPOINT).timestep == 512


def test_a_run_without_a_valid_bundle_starts_over_and_says_so(settings: Settings, cut: Path, whole: RunSummary) -> None:
    for folder in checkpoint_folders(cut):
        (folder / ARRAYS_FILE).unlink()
    again = _train(settings, output="mine")
    assert again.resumed_from == 0
    assert again.parameters_sha256 == whole.parameters_sha256
    assert "the training starts over, what was there is moved aside" in _alerts(cut)
    assert cut.with_name("mine.interrupted-1").is_dir()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"steps": 1280}, "`training.total_timesteps` 640 of the run, 1280 now"),
        ({"seed": 8}, "`training.seed` 7 of the run, 8 now"),
        ({"engine": "fused"}, "`training.engine` 'sb3' of the run, 'fused' now"),
    ],
)
@pytest.mark.parametrize("how", ["output", "resume"])
def test_other_settings_are_refused_with_the_difference(
    settings: Settings, cut: Path, arguments: dict[str, object], words: str, how: str
) -> None:
    before = {path: sha256_file(path) for path in cut.rglob("*") if path.is_file()}
    with pytest.raises(InvalidInputError, match=words):
        _train(settings, **{how: "mine"}, **arguments)
    assert {path: sha256_file(path) for path in cut.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "f" * 16}, "`dataset_id` '0000000000000000' of the run, 'ffffffffffffffff' now"),
        ({"feature_set_sha256": "other"}, "`feature_set_sha256`"),
        (
            {"features": ("f_test_0", "f_test_1", "f_other")},
            "features missing now: f_test_2; features new now: f_other",
        ),
    ],
)
def test_another_dataset_or_feature_schema_is_refused_with_the_difference(
    settings: Settings, cut: Path, changes: dict[str, object], words: str
) -> None:
    dataset = tiny_dataset()
    other = Dataset(dataset.info.model_copy(update=changes), dataset.series)
    with pytest.raises(InvalidInputError, match=words):
        _train(settings, other, resume="mine")


def test_a_bundle_of_another_training_is_refused_too(settings: Settings, cut: Path) -> None:
    folder = cut / "checkpoints" / "step_00000512"
    document = read_json(folder / INFO_FILE)
    document["identity"]["config"]["training"]["gamma"] = 0.5
    write_json(folder / INFO_FILE, document)
    manifest = read_json(folder / CHECKPOINT.manifest)
    manifest["files"][INFO_FILE] = sha256_file(folder / INFO_FILE)
    write_json(folder / CHECKPOINT.manifest, manifest)
    with pytest.raises(InvalidInputError, match=r"`training.gamma` 0.5 of the run, 0.99 now"):
        _train(settings, output="mine")


def test_a_run_is_resumed_by_its_name(settings: Settings, cut: Path, whole: RunSummary) -> None:
    again = _train(settings, resume="mine")
    assert (again.run_id, again.resumed_from, again.status) == ("mine", 512, "finished")
    assert again.parameters_sha256 == whole.parameters_sha256


def test_a_run_that_does_not_exist_cannot_be_resumed(settings: Settings) -> None:
    with pytest.raises(MissingInputError, match="Run `nothing` does not exist"):
        _train(settings, resume="nothing")
    assert not (settings.home.runs / "nothing").exists()


def test_the_best_model_is_copied_again_where_a_crash_prevented_it(
    settings: Settings, cut: Path, whole: RunSummary
) -> None:
    for path in cut.glob("best_model*"):
        path.unlink()
    again = _train(settings, output="mine")
    assert (again.best_score, again.best_timestep) == (whole.best_score, whole.best_timestep)
    assert verify_model(cut, BEST).timestep == whole.best_timestep


def test_logs_and_record_are_set_back_to_the_bundle(settings: Settings, cut: Path, whole: RunSummary) -> None:
    _train(settings, output="mine")
    lines = [
        [line.partition(" · ")[2] for line in (folder / LOGS / DAILY_SUMMARY).read_text().splitlines()]
        for folder in (cut, Path(whole.folder))
    ]
    assert lines[0] == lines[1]
    info = read_run(cut)
    assert (info.error, info.error_type, info.status, info.ended_by) == (None, None, "finished", "steps")
    assert [(attempt.from_step, attempt.status) for attempt in info.attempts] == [(0, "failed"), (512, "finished")]


def test_logs_that_lost_rows_are_told(settings: Settings, cut: Path) -> None:
    (cut / LOGS / "episodes.csv").write_text("")
    _train(settings, output="mine")
    assert "Logs have lost rows from before step 512: episodes.csv has 0 of" in _alerts(cut)


def test_another_code_version_is_told(settings: Settings, cut: Path) -> None:
    folder = cut / "checkpoints" / "step_00000512"
    write_json(folder / INFO_FILE, read_json(folder / INFO_FILE) | {"code_version": "0123456789abcdef"})
    manifest = read_json(folder / CHECKPOINT.manifest)
    manifest["files"][INFO_FILE] = sha256_file(folder / INFO_FILE)
    write_json(folder / CHECKPOINT.manifest, manifest)
    _train(settings, output="mine")
    assert "was started with 0123456789ab" in _alerts(cut)


def test_a_hang_of_the_attempt_before_is_told(settings: Settings, cut: Path) -> None:
    (cut / "hang.log").write_text("Timeout (0:10:00)!")
    _train(settings, output="mine")
    assert "ended because no rollout ended in time" in _alerts(cut)


def _planted(target: Path, marker: Path) -> None:
    # what unpickling stock zips would execute
    code = f"cos\nsystem\n(S'touch {marker}'\ntR.".encode()
    with ZipFile(target, "w") as archive:
        for name in ("data", "policy.pth", "policy.optimizer.pth", "pytorch_variables.pth"):
            archive.writestr(name, code)


@pytest.mark.parametrize("act", ["resume", "load"])
def test_a_malicious_zip_beside_the_tensors_is_never_run(
    settings: Settings, cut: Path, tmp_path: Path, act: str
) -> None:
    marker = tmp_path / "executed"
    checkpoint = cut / "checkpoints" / "step_00000512"
    for folder, files in ((checkpoint, CHECKPOINT), (cut, BEST)):
        _planted(folder / files.zip, marker)
        # the attacker fixes the checksum as well
        manifest = read_json(folder / files.manifest)
        manifest["files"][files.zip] = sha256_file(folder / files.zip)
        write_json(folder / files.manifest, manifest)
    acts: dict[str, Callable[[], object]] = {
        "resume": lambda: _train(settings, output="mine"),
        "load": lambda: load_policy(cut, "best"),
    }
    acts[act]()
    assert not marker.exists()


def test_the_planted_zip_is_a_real_attack(tmp_path: Path) -> None:
    import pickle

    _planted(tmp_path / "model.zip", tmp_path / "executed")
    with ZipFile(tmp_path / "model.zip") as archive:
        pickle.loads(archive.read("policy.pth"))
    assert (tmp_path / "executed").exists()
