"""What the single checks add: indicators, snapshot, verified checkpoints."""

from datetime import timedelta
from pathlib import Path

from include.core.checks import Severity
from include.training.artifacts import BEST, write_model
from include.training.facts import read_facts
from include.training.slot_details import checkpoint_report, convergence_lines, snapshot_lines
from tests.unit.training.builders import NOW, add_checkpoint, model_state, write_run_folder


def test_convergence_compares_then_and_now(tmp_path: Path) -> None:
    updates = [{"timestep": i, "entropy": 1.6 - 0.1 * i, "value_loss": 4.0 - i} for i in range(4)]
    episodes = [{"timesteps": i, "reward": float(i)} for i in range(4)]
    lines = convergence_lines(read_facts(write_run_folder(tmp_path / "r", updates, episodes)))
    assert "0.50 → 2.50 (mean of 2)" in lines[0]
    assert "3.5000 → 1.5000 (mean of 2)" in lines[1]
    assert "1.550 → 1.350 (mean of 2)" in lines[2]


def test_convergence_before_any_data_says_so(tmp_path: Path) -> None:
    assert all("not known yet" in line for line in convergence_lines(read_facts(write_run_folder(tmp_path / "r"))))


def test_snapshot_shows_last_best_and_mean_of_every_metric(tmp_path: Path) -> None:
    updates = [{"reward": 5.0}, {"reward": -2.0, "approx_kl": 0.0321, "clip_fraction": 0.2}]
    episodes = [{"win_rate": 0.4}, {"win_rate": 0.6}, {"win_rate": None}]
    folder = write_run_folder(tmp_path / "r", updates, episodes, best_score=0.0312, best_timestep=10_240)
    text = "\n".join(snapshot_lines(read_facts(folder)))
    for expected in (
        "Reward: last -2.00, best 5.00",
        "best +3.12% at step 10,240",
        "KL divergence: 0.0321",
        "Clip fraction: 0.200",
        "Win rate: mean 50.0% of 2 recent episodes",
        "Episodes: 3",
    ):
        assert expected in text


def test_snapshot_before_any_data_says_so(tmp_path: Path) -> None:
    lines = snapshot_lines(read_facts(write_run_folder(tmp_path / "r")))
    assert lines[0] == "- Reward: last not known yet, best not known yet"


def test_every_checkpoint_and_saved_model_is_opened(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{}])
    add_checkpoint(folder, 10)
    add_checkpoint(folder, 20)
    write_model(folder, BEST, model_state(20), "r", 0.01)
    report, lines = checkpoint_report(read_facts(folder), NOW + timedelta(days=4000))
    assert report.passed
    assert [result.observed for result in report.results] == ["step_00000010", "step_00000020", "best_model.zip"]
    assert all("checksums match" in line for line in lines)


def test_a_damaged_checkpoint_is_critical_and_the_others_are_still_checked(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{}])
    (add_checkpoint(folder, 10) / "model.zip").write_bytes(b"changed")
    (add_checkpoint(folder, 20) / "manifest.json").write_text("{")
    add_checkpoint(folder, 30)
    report, _ = checkpoint_report(read_facts(folder), NOW)
    assert [result.passed for result in report.results] == [False, False, True]
    assert report.failures[0].severity is Severity.CRITICAL
    assert "must have sha256" in report.results[0].message


def test_without_checkpoints_there_is_nothing_to_verify(tmp_path: Path) -> None:
    report, lines = checkpoint_report(read_facts(write_run_folder(tmp_path / "r", [{}])), NOW)
    assert report.results == ()
    assert lines == ["- No checkpoint has been saved yet"]
