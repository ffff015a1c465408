"""What of a run goes to MLflow."""

from pathlib import Path

import numpy as np

from include.config.system import load_system
from include.core.paths import Home
from include.training.logs import ALL_LOGS, CSV_LOGS, LOGS, TENSORBOARD
from include.training.mlflow_content import dataset_of, files_of, metric_rows, parameters_of, tags_of
from tests.unit.training.builders import run_info


def test_parameters_hold_the_eleven_hyper_parameters_seed_versions_and_dataset() -> None:
    found = parameters_of(load_system("phase4"), run_info(seed=7, versions={"torch": "2.13.0"}, preset="explore"))
    assert found["training.learning_rate"] == "0.0003"
    assert found["training.net_arch"] == "[64, 64]"
    assert found["account.fee_bps"] == "5.0"
    assert found["reward.r_pnl"] == "1.0"
    assert (found["seed"], found["version.torch"], found["preset"]) == ("7", "2.13.0", "explore")
    assert found["dataset_id"] == "d" * 16
    assert not any("gates" in name or "alerts" in name for name in found)


def test_every_defined_value_of_a_log_is_a_metric_at_its_step() -> None:
    table = {"timestep": np.array([64.0, 128.0]), "reward": np.array([np.nan, 2.5]), "value_loss": np.array([1.0, 0.5])}
    assert metric_rows({"convergence_dashboard.csv": table}, {}) == [
        ("convergence_dashboard/reward", 128, 2.5),
        ("convergence_dashboard/value_loss", 64, 1.0),
        ("convergence_dashboard/value_loss", 128, 0.5),
    ]


def test_what_is_written_already_is_left_out_though_steps_repeat() -> None:
    table = {"episode": np.array([1.0, 2.0, 3.0]), "timesteps": np.array([50.0, 50.0, 90.0])}
    rows = metric_rows({"episodes.csv": table}, {"episodes/episode": 1})
    assert rows == [("episodes/episode", 50, 2.0), ("episodes/episode", 90, 3.0)]


def test_tags_tell_how_a_run_stands_without_what_is_not_known() -> None:
    tags = tags_of(run_info(status="finished", timesteps=500_000, best_score=0.0125))
    assert (tags["status"], tags["timesteps"], tags["best_score"]) == ("finished", "500000", "0.0125")
    assert "error" not in tags
    assert "best_decision" not in tags


def test_models_records_and_every_log_but_tensorboards_are_copied() -> None:
    files = files_of()
    assert {"run.json", "config.json", "best_model.zip", "best_model.safetensors", "final_model.zip"} <= set(files)
    assert files["best_model.zip"] == "models"
    assert {f"{LOGS}/{name}" for name in ALL_LOGS if name != TENSORBOARD} <= set(files)
    assert {files[f"{LOGS}/{log.name}"] for log in CSV_LOGS} == {LOGS}


def test_the_dataset_is_named_by_its_content(tmp_path: Path) -> None:
    dataset = dataset_of(run_info(), Home(tmp_path))
    assert (dataset.name, dataset.digest) == ("phase4", "d" * 16)
    assert dataset.source == (tmp_path / "datasets" / ("d" * 16)).as_uri()
