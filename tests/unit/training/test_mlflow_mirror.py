"""The copy of a run in MLflow: complete, never doubled, and never a reason for a training to end."""

import json
import sqlite3
from pathlib import Path

import pytest

from include.config.settings import Settings
from include.training.artifacts import BEST, write_model
from include.training.logs import LOGS, UPDATES, LogWriter, read_log
from include.training.mlflow_mirror import MIRROR_FILE, Mirror
from include.training.runs import read_run, write_config, write_run
from include.training.train import train
from tests.unit.training.builders import HEALTHY_UPDATE, model_state, tiny_dataset, tiny_system, write_run_folder

STEPS = [64, 128, 192]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(PERPETUA_HOME=tmp_path, mlflow_url=None)


def _run(settings: Settings, name: str = "phase4-a", **changes: object) -> Path:
    folder = write_run_folder(
        settings.home.run(name),
        [{"timestep": step, "value_loss": step / 7} for step in STEPS],
        [{"timesteps": 50}, {"timesteps": 50, "profit_factor": None}],
        **changes,
    )
    write_config(folder, tiny_system())
    return folder


def _add_updates(folder: Path, steps: list[int]) -> None:
    with LogWriter(folder / LOGS, UPDATES, is_resumed=True) as writer:
        for step in steps:
            writer.write({name: HEALTHY_UPDATE[name] for name in UPDATES.columns} | {"timestep": step})


def _query(settings: Settings, text: str) -> list[tuple]:
    with sqlite3.connect(settings.home.mlflow_database) as connection:
        return connection.execute(text).fetchall()


def _metric(settings: Settings, key: str) -> list[tuple[int, float]]:
    return _query(settings, f"SELECT step, value FROM metrics WHERE key = '{key}' ORDER BY step, value")


def test_a_finished_run_is_there_whole(settings: Settings) -> None:
    folder = _run(settings, status="finished", timesteps=192, best_score=0.02)
    write_model(folder, BEST, model_state(), "phase4-a", 0.02)
    Mirror(settings, folder).finish()
    assert _query(settings, "SELECT name, status FROM runs") == [("phase4-a", "FINISHED")]
    losses = read_log(folder / LOGS, UPDATES)["value_loss"].tolist()
    assert _metric(settings, "training_metrics/value_loss") == list(zip(STEPS, losses, strict=True))
    assert _metric(settings, "episodes/win_rate") == [(50, 0.5)]
    assert len(_metric(settings, "episodes/episode")) == 2
    parameters = dict(_query(settings, "SELECT key, value FROM params"))
    assert (parameters["training.n_steps"], parameters["seed"]) == ("64", "42")
    assert _query(settings, "SELECT name, digest FROM datasets") == [("phase4", "d" * 16)]
    [(location,)] = _query(settings, "SELECT artifact_uri FROM runs")
    copied = Path(location.removeprefix("file://"))
    assert copied.is_relative_to(settings.home.mlflow_artifacts)
    for name in ("run.json", "config.json", "logs/episodes.csv", "models/best_model.zip"):
        assert (copied / name).read_bytes() == (folder / name.removeprefix("models/")).read_bytes()
    assert _query(settings, "SELECT name, alias FROM registered_model_aliases") == [("perpetua-phase4", "candidate")]
    assert json.loads((folder / MIRROR_FILE).read_text())["error"] is None


def test_a_resumed_training_adds_only_what_is_new(settings: Settings) -> None:
    folder = _run(settings)
    Mirror(settings, folder).update()
    # another process goes on with the run, whose logs were cut back to 128 and written again
    _add_updates(folder, [256])
    Mirror(settings, folder).update()
    write_run(folder, read_run(folder).model_copy(update={"status": "finished"}))
    for _ in range(2):
        Mirror(settings, folder).finish()
    assert [step for step, _ in _metric(settings, "training_metrics/value_loss")] == [*STEPS, 256]
    assert len(_metric(settings, "episodes/episode")) == 2
    assert _query(settings, "SELECT COUNT(*) FROM runs") == [(1,)]
    assert _query(settings, "SELECT COUNT(*) FROM model_versions") == [(1,)]


def test_a_run_that_starts_over_is_another_one_and_ends_the_one_before(settings: Settings) -> None:
    Mirror(settings, _run(settings)).update()
    later = "2026-02-23T12:00:00Z"
    folder = settings.home.run("phase4-a")
    write_run(folder, read_run(folder).model_validate(read_run(folder).model_dump() | {"started_at": later}))
    Mirror(settings, folder).update()
    assert sorted(_query(settings, "SELECT status FROM runs")) == [("KILLED",), ("RUNNING",)]


def test_updates_are_batched_by_time(settings: Settings) -> None:
    folder = _run(settings)
    mirror = Mirror(settings, folder)
    mirror.update()
    _add_updates(folder, [256])
    mirror.update()
    assert len(_metric(settings, "training_metrics/entropy")) == 3
    mirror.finish()
    assert len(_metric(settings, "training_metrics/entropy")) == 4


@pytest.mark.parametrize("status", ["failed", "stopped"])
def test_an_unfinished_run_is_no_candidate(settings: Settings, status: str) -> None:
    Mirror(settings, _run(settings, status=status)).finish()
    assert _query(settings, "SELECT status FROM runs") == [({"failed": "FAILED", "stopped": "KILLED"}[status],)]
    assert _query(settings, "SELECT COUNT(*) FROM model_versions") == [(0,)]


def test_a_broken_database_is_told_and_nothing_is_raised(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    folder = _run(settings, status="finished")
    settings.home.mlflow_database.write_text("not a database")
    mirror = Mirror(settings, folder)
    mirror.update()
    mirror.finish()
    assert "phase4-a is not mirrored" in caplog.text
    assert "DatabaseError" in json.loads((folder / MIRROR_FILE).read_text())["error"]


def test_a_server_that_is_away_is_given_up_on_soon(tmp_path: Path) -> None:
    settings = Settings(PERPETUA_HOME=tmp_path, mlflow_url="http://127.0.0.1:9")
    folder = _run(settings)
    Mirror(settings, folder).update()
    assert "127.0.0.1" in json.loads((folder / MIRROR_FILE).read_text())["error"]


def test_a_training_mirrors_itself_and_its_resumption_adds_the_rest(settings: Settings) -> None:
    summary = train(settings, tiny_system(), tiny_dataset(), steps=512, episodes=2, seed=7)
    assert summary.timesteps < 512
    summary = train(settings, tiny_system(), tiny_dataset(), steps=512, seed=7)
    assert (summary.status, summary.timesteps) == ("finished", 512)
    losses = read_log(Path(summary.folder) / LOGS, UPDATES)
    assert _metric(settings, "training_metrics/policy_loss") == list(
        zip(losses["timestep"].tolist(), losses["policy_loss"].tolist(), strict=True)
    )
    assert _query(settings, "SELECT name, status FROM runs") == [(summary.run_id, "FINISHED")]
    assert _query(settings, "SELECT COUNT(*) FROM model_versions") == [(1,)]


def test_a_training_ends_well_although_its_mirror_is_broken(settings: Settings) -> None:
    settings.home.mlflow_database.write_text("not a database")
    summary = train(settings, tiny_system(), tiny_dataset(), steps=128, seed=7)
    assert summary.status == "finished"
    assert [failure.name for failure in summary.alerts.failures if failure.name == "mlflow_mirror"]


def test_off_mirrors_nothing(tmp_path: Path) -> None:
    settings = Settings(PERPETUA_HOME=tmp_path, mlflow_url="off")
    folder = _run(settings)
    Mirror(settings, folder).finish()
    assert not (folder / MIRROR_FILE).exists()
    assert not settings.home.mlflow_database.exists()
