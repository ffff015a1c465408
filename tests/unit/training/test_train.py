"""Tiny real trainings through the whole code."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from include.config.settings import Settings
from include.core.errors import AlreadyRunningError, DivergedError, InvalidInputError
from include.core.progress import Progress
from include.features.dataset import Dataset
from include.training.artifacts import BEST, FINAL, verify_model
from include.training.checkpoints import checkpoint_folders, verify_checkpoint
from include.training.logs import ALL_LOGS, CONVERGENCE, EPISODES, LOGS, UPDATES, VALIDATION, read_log
from include.training.ownership import lock_run
from include.training.runs import read_config, read_run, write_run
from include.training.summary import RunSummary
from include.training.train import train
from tests.support.datasets import dataset_of, martingale
from tests.unit.training.builders import tiny_dataset, tiny_system


def _train(settings: Settings, **arguments: object) -> RunSummary:
    return train(settings, tiny_system(), tiny_dataset(), **({"steps": 128, "seed": 7} | arguments))


def _broken_dataset() -> Dataset:
    # a feature that turns NaN late enough for checkpoints to be taken before it is met
    series = martingale("AAA/USDT:USDT", 1200, seed=1)
    series.features[200, 2] = np.nan
    return dataset_of(series)


def test_a_training_leaves_every_documented_file(finished: RunSummary) -> None:
    folder = Path(finished.folder)
    assert finished.status == "finished"
    assert {path.name for path in (folder / LOGS).iterdir()} == {*ALL_LOGS, VALIDATION.name}
    assert verify_model(folder, FINAL).timestep == 256
    assert verify_model(folder, BEST).timestep == finished.best_timestep
    assert [verify_checkpoint(path).timestep for path in checkpoint_folders(folder)][-1] == 256
    assert read_log(folder / LOGS, CONVERGENCE)["timestep"].tolist() == [64, 128, 192, 256]
    assert read_log(folder / LOGS, UPDATES)["timestep"].tolist() == [64, 128, 192, 256]
    assert len(read_log(folder / LOGS, EPISODES)["episode"]) == 5


def test_the_record_says_how_it_was_trained(finished: RunSummary) -> None:
    folder = Path(finished.folder)
    info, config = read_run(folder), read_config(folder)
    assert info.run_id == folder.name == f"phase4-00000000-{info.config_sha256[:8]}-s7"
    assert (info.seed, info.total_timesteps, info.observation_size, info.actions) == (7, 256, 13, 5)
    assert (config.training.seed, config.training.total_timesteps) == (7, 256)
    assert info.versions["stable-baselines3"] == "2.9.2"
    assert info.steps_per_second is not None
    assert info.steps_per_second > 0


def test_the_same_seed_gives_the_same_parameters_and_another_seed_others(tmp_path: Path, settings: Settings) -> None:
    elsewhere = Settings(PERPETUA_HOME=tmp_path / "elsewhere")
    first, again, other = _train(settings), _train(elsewhere), _train(settings, seed=8)
    assert first.parameters_sha256 == again.parameters_sha256
    assert first.best_score == again.best_score
    assert first.parameters_sha256 != other.parameters_sha256
    assert first.run_id == again.run_id != other.run_id


def test_a_finished_training_is_returned_as_it_is(settings: Settings) -> None:
    first = _train(settings)
    modified = (Path(first.folder) / FINAL.zip).stat().st_mtime_ns
    again = _train(settings)
    assert (first.is_reused, again.is_reused) == (False, True)
    assert again.model_copy(update={"is_reused": False}) == first
    assert (Path(first.folder) / FINAL.zip).stat().st_mtime_ns == modified


@pytest.mark.parametrize("engine", ["sb3", "fused"])
@pytest.mark.parametrize(("cut_at", "kept"), [(64, 0), (192, 128), (512, 512)])
def test_a_run_cut_short_goes_on_to_the_very_same_parameters(
    settings: Settings, tmp_path: Path, engine: str, cut_at: int, kept: int
) -> None:
    elsewhere = Settings(PERPETUA_HOME=tmp_path / "elsewhere")
    whole = _train(elsewhere, steps=640, engine=engine)
    with pytest.raises(RuntimeError, match="cut"):
        _train(settings, steps=640, engine=engine, progress=_cut_at(cut_at))
    again = _train(settings, steps=640, engine=engine)
    # checkpoints lie at 128, 256, 320, 448, 512 and 640
    assert again.resumed_from == kept
    assert again.parameters_sha256 == whole.parameters_sha256
    assert (again.best_score, again.best_timestep) == (whole.best_score, whole.best_timestep)
    for log in (CONVERGENCE, UPDATES, EPISODES):
        ours, theirs = (Path(run.folder, LOGS, log.name).read_text() for run in (again, whole))
        assert ours == theirs
    last = read_run(Path(again.folder)).attempts[-1]
    assert (last.from_step, last.to_step, last.status) == (kept, 640, "finished")


def _cut_at(step: int) -> Progress:
    def cut(label: str, done: int, total: int) -> None:
        if done >= step:
            raise RuntimeError("cut")

    return cut


def test_a_run_that_another_trainer_holds_is_refused_and_untouched(settings: Settings) -> None:
    folder = Path(_train(settings).folder)
    write_run(folder, read_run(folder).model_copy(update={"status": "running"}))
    with lock_run(folder), pytest.raises(AlreadyRunningError, match="is being trained by process"):
        _train(settings)
    assert not folder.with_name(f"{folder.name}.interrupted-1").exists()


def test_nan_ends_the_run_as_failed_and_keeps_the_finite_checkpoints(settings: Settings) -> None:
    with pytest.raises(DivergedError, match="`f_test_2`"):
        train(settings, tiny_system(), _broken_dataset(), steps=20_000, seed=3, output="broken")
    folder = settings.home.run("broken")
    info = read_run(folder)
    assert info.status == "failed"
    assert info.error is not None
    assert "`f_test_2`" in info.error
    assert len(checkpoint_folders(folder)) > 0
    for path in checkpoint_folders(folder):
        assert verify_checkpoint(path).timestep <= info.timesteps
    assert "finite_losses" in (folder / LOGS / "alerts.log").read_text()


def test_an_exploding_update_is_a_divergence_not_a_torch_error(settings: Settings) -> None:
    system = tiny_system(normalize_observations=False, normalize_reward=False, vf_coef=1e38, max_grad_norm=1e38)
    with pytest.raises(DivergedError, match="reduce `learning_rate`"):
        train(settings, system, tiny_dataset(), steps=640, output="exploded")
    assert read_run(settings.home.run("exploded")).status == "failed"


def test_a_failed_run_can_be_trained_again(settings: Settings) -> None:
    first = _train(settings)
    folder = Path(first.folder)
    write_run(folder, read_run(folder).model_copy(update={"status": "failed", "error": "disk full"}))
    assert _train(settings).status == "finished"


def test_its_start_is_told_with_its_record_standing_and_never_for_a_finished_one(settings: Settings) -> None:
    told: list[tuple[str, str, int]] = []

    def started(run_id: str) -> None:
        run = read_run(settings.home.run(run_id))
        told.append((run_id, run.status, run.timesteps))

    for _ in range(2):
        _train(settings, output="mine", started=started)
    assert told == [("mine", "running", 0)]


def test_an_interruption_by_a_person_is_stopped_not_failed(settings: Settings) -> None:
    def interrupt(label: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _train(settings, steps=256, output="mine", progress=interrupt)
    assert read_run(settings.home.run("mine")).status == "stopped"


def test_steps_default_to_the_profile(settings: Settings) -> None:
    calls: list[int] = []

    def stop_at_once(label: str, done: int, total: int) -> None:
        calls.append(total)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _train(settings, steps=None, progress=stop_at_once)
    assert calls == [settings.profile.total_timesteps]


def test_the_preset_and_a_name_are_recorded(settings: Settings) -> None:
    summary = _train(settings, steps=64, output="my-model", preset="checklist")
    assert summary.run_id == "my-model"
    assert read_run(Path(summary.folder)).preset == "checklist"


def test_a_name_of_a_finished_run_with_other_inputs_is_refused(settings: Settings) -> None:
    _train(settings, steps=64, output="my-model")
    with pytest.raises(InvalidInputError, match=r"Run `my-model` .* `training.seed` 7 of the run, 8 now"):
        _train(settings, steps=64, output="my-model", seed=8)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"engine": "warp"}, "`engine` must be one of sb3, fused, was 'warp'"),
        ({"output": "../escape"}, "`output` must be letters"),
        ({"steps": 0}, "total_timesteps"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(
    settings: Settings, arguments: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words):
        _train(settings, **arguments)
    assert not settings.home.runs.exists()


def test_a_dataset_of_another_system_is_refused(settings: Settings) -> None:
    dataset = tiny_dataset()
    other = Dataset(dataset.info.model_copy(update={"system": "shadow"}), dataset.series)
    with pytest.raises(InvalidInputError, match="`dataset` must be one of system phase4"):
        train(settings, tiny_system(), other, steps=64)


def test_a_full_disk_at_a_checkpoint_fails_the_run(settings: Settings) -> None:
    def block(label: str, done: int, total: int) -> None:
        folder = settings.home.run("full")
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        (folder / "checkpoints").write_text("in the way")

    with pytest.raises(OSError, match="checkpoints"):
        _train(settings, steps=512, output="full", progress=block)
    assert read_run(settings.home.run("full")).status == "failed"
