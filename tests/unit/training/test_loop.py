"""What ends a training, in which order a boundary is worked through, and how a limit that has grown lets it go on."""

import time
from pathlib import Path

import pytest

from include.config.settings import Settings
from include.core.errors import DivergedError
from include.training.checkpoints import checkpoint_folders, newest_bundle
from include.training.logs import DAILY_SUMMARY, EPISODES, LOGS, UPDATES, read_log
from include.training.ownership import FencedError, lock_run
from include.training.runs import read_run
from include.training.stopping import STOP_FILE
from include.training.summary import RunSummary
from include.training.train import train
from tests.unit.training.builders import tiny_dataset, tiny_system


def _train(settings: Settings, steps: int = 640, rules: dict[str, object] | None = None, **more: object) -> RunSummary:
    system = tiny_system(**(rules or {}))
    return train(settings, system, tiny_dataset(), **({"steps": steps, "seed": 7, "output": "mine"} | more))


def test_a_training_ends_at_the_first_boundary_at_or_after_its_steps(settings: Settings) -> None:
    summary = _train(settings, steps=200)
    assert (summary.timesteps, summary.ended_by, summary.status) == (256, "steps", "finished")


def test_a_training_ends_after_so_many_episodes_and_goes_on_when_more_are_asked_for(
    settings: Settings, tmp_path: Path
) -> None:
    whole = _train(Settings(PERPETUA_HOME=tmp_path / "whole"))
    few = _train(settings, episodes=4)
    assert (few.ended_by, few.status, few.timesteps) == ("episodes", "finished", 256)
    assert read_run(Path(few.folder)).episodes == len(read_log(Path(few.folder) / LOGS, EPISODES)["episode"]) == 5
    assert _train(settings, episodes=5).is_reused
    more = _train(settings, episodes=8)
    assert (more.is_reused, more.resumed_from, more.ended_by) == (False, 256, "episodes")
    rest = _train(settings)
    assert (rest.ended_by, rest.parameters_sha256) == ("steps", whole.parameters_sha256)


def test_a_training_ends_after_so_many_minutes_counted_over_all_attempts(settings: Settings) -> None:
    first = _train(settings, steps=1_000_000, minutes=0.01)
    assert (first.ended_by, first.status) == ("minutes", "finished")
    assert first.seconds is not None
    assert 0.6 <= first.seconds < 30
    assert _train(settings, steps=1_000_000, minutes=0.01).is_reused
    again = _train(settings, steps=1_000_000, minutes=first.seconds / 60 + 0.01)
    assert again.resumed_from == first.timesteps < again.timesteps


def test_a_stop_flag_ends_a_training_within_seconds_at_a_checkpoint(settings: Settings, tmp_path: Path) -> None:
    asked: list[float] = []

    def ask(label: str, done: int, total: int) -> None:
        if done == 192:
            (settings.home.run("mine") / STOP_FILE).touch()
            asked.append(time.monotonic())

    stopped = _train(settings, progress=ask)
    assert time.monotonic() - asked[0] < 5.0
    assert (stopped.status, stopped.ended_by, stopped.timesteps) == ("stopped", "stop", 192)
    assert checkpoint_folders(Path(stopped.folder))[-1].name == "step_00000192"
    assert "stopped at step 192: asked by its stop flag" in (Path(stopped.folder) / LOGS / DAILY_SUMMARY).read_text()
    assert not (Path(stopped.folder) / STOP_FILE).exists()
    whole = _train(Settings(PERPETUA_HOME=tmp_path / "whole"))
    rest = _train(settings)
    assert (rest.status, rest.resumed_from) == ("finished", 192)
    assert rest.parameters_sha256 == whole.parameters_sha256
    # the checkpoint of the stop was not scored, so the best is that of the uninterrupted training
    assert (rest.best_score, rest.best_timestep) == (whole.best_score, whole.best_timestep)


def test_a_rule_ends_a_training_as_finished_and_the_end_survives_a_crash_before_it_is_written(
    settings: Settings,
) -> None:
    rules: dict[str, object] = {"early_stop_rounds": 1, "learning_rate": 1e-5}

    def crash(label: str, done: int, total: int) -> None:
        # the boundary is kept and told, the run's end is not yet written
        if newest_bundle(settings.home.run("mine"), pytest.fail) and done >= 256:
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        _train(settings, 6_400, rules, progress=crash)
    ended = _train(settings, 6_400, rules)
    assert (ended.ended_by, ended.status) == ("rules", "finished")
    assert ended.timesteps < 6_400
    assert _train(settings, 6_400, rules).is_reused


def test_a_schedule_is_followed_exactly_over_a_resume(settings: Settings, tmp_path: Path) -> None:
    rules: dict[str, object] = {"learning_rate_schedule": "linear", "ent_coef": 0.02, "ent_coef_final": 0.001}
    whole = _train(Settings(PERPETUA_HOME=tmp_path / "whole"), rules=rules)

    def crash(label: str, done: int, total: int) -> None:
        if done >= 384:
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        _train(settings, rules=rules, progress=crash)
    rest = _train(settings, rules=rules)
    assert rest.resumed_from == 320
    assert rest.parameters_sha256 == whole.parameters_sha256
    rates = read_log(Path(rest.folder) / LOGS, EPISODES)["lr"]
    assert rates[0] == 3e-4
    assert (rates[1:] <= rates[:-1]).all()
    assert rates[-1] < 1e-4


def test_a_divergence_is_not_kept_as_a_checkpoint(settings: Settings) -> None:
    system = tiny_system()
    strict = system.model_copy(update={"alerts": system.alerts.model_copy(update={"value_loss": 1e-9})})
    with pytest.raises(DivergedError, match="`value_loss` must be at most 1e-09"):
        train(settings, strict, tiny_dataset(), steps=640, seed=7, output="mine")
    folder = settings.home.run("mine")
    assert checkpoint_folders(folder) == []
    assert read_run(folder).status == "failed"
    # the row that shows it is there
    assert read_log(folder / LOGS, UPDATES)["timestep"].tolist() == [64]


def test_a_trainer_that_was_replaced_ends_without_writing(settings: Settings) -> None:
    folder = settings.home.run("mine")
    rows: list[int] = []

    def replace(label: str, done: int, total: int) -> None:
        rows.append(done)
        if done == 192:
            # the one way to hold a run twice: somebody deletes the lock file under its holder
            folder.with_name(".mine.lock").unlink()
            with lock_run(folder, least_token=1):
                pass

    with pytest.raises(FencedError, match="was taken over by owner 2"):
        _train(settings, progress=replace)
    assert rows == [0, 64, 128, 192]
    assert read_run(folder).status == "running"
    assert read_log(folder / LOGS, UPDATES)["timestep"].tolist() == rows[1:]
    assert [path.name for path in checkpoint_folders(folder)] == ["step_00000128"]
