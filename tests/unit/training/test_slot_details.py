"""What the single checks add: indicators, snapshot, verified checkpoints."""

from datetime import timedelta
from pathlib import Path

from include.config.system import load_system
from include.core.checks import Severity
from include.training.artifacts import BEST, write_model
from include.training.facts import read_facts
from include.training.slot_details import checkpoint_headline, checkpoint_report, convergence_lines, snapshot_lines
from tests.unit.training.builders import NOW, add_checkpoint, model_state, write_run_folder

LIMITS = load_system("phase4").alerts


def test_the_review_counts_the_indicators_that_are_as_expected(tmp_path: Path) -> None:
    headline, lines = convergence_lines(read_facts(write_run_folder(tmp_path / "r", [{}])), LIMITS)
    assert headline == "1 of 5 indicators as expected, 4 not judged yet"
    assert lines[1] == "- ✅ KL divergence (should stay < 0.05): at most 0.0100 in the last 1 updates"


def test_snapshot_shows_last_best_and_mean_of_every_metric(tmp_path: Path) -> None:
    updates = [{"reward": 5.0}, {"reward": -2.0, "approx_kl": 0.0321, "clip_fraction": 0.2}]
    episodes = [{"win_rate": 0.4}, {"win_rate": 0.6}, {"win_rate": None}]
    folder = write_run_folder(tmp_path / "r", updates, episodes, best_score=0.0312, best_timestep=10_240)
    headline, lines = snapshot_lines(read_facts(folder))
    assert headline == "200,000 / 500,000 steps · reward -2.00 · best validation +3.12%"
    text = "\n".join(lines)
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
    _, lines = snapshot_lines(read_facts(write_run_folder(tmp_path / "r")))
    assert lines[0] == "- Reward: last not known yet, best not known yet"


def test_every_checkpoint_and_saved_model_is_opened(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{}])
    add_checkpoint(folder, 10)
    add_checkpoint(folder, 20)
    write_model(folder, BEST, model_state(20), "r", 0.01)
    report, lines = checkpoint_report(read_facts(folder), NOW + timedelta(days=4000))
    assert report.passed
    assert (
        checkpoint_headline(read_facts(folder), report, NOW)
        == "3 of 3 saved models opened and intact, newest 0.0 h old"
    )
    assert [result.observed for result in report.results] == ["step_00000010", "step_00000020", "best_model.zip"]
    assert all("checksums match" in line for line in lines)


def test_a_damaged_checkpoint_is_critical_and_the_others_are_still_checked(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{}])
    (add_checkpoint(folder, 10) / "model.zip").write_bytes(b"changed")
    (add_checkpoint(folder, 20) / "manifest.json").write_text("{")
    add_checkpoint(folder, 30)
    report, _ = checkpoint_report(read_facts(folder), NOW)
    assert checkpoint_headline(read_facts(folder), report, NOW).startswith("1 of 3 saved models opened and intact")
    assert [result.passed for result in report.results] == [False, False, True]
    assert report.failures[0].severity is Severity.CRITICAL
    assert "must have sha256" in report.results[0].message


def test_without_checkpoints_there_is_nothing_to_verify(tmp_path: Path) -> None:
    report, lines = checkpoint_report(read_facts(write_run_folder(tmp_path / "r", [{}])), NOW)
    assert report.results == ()
    assert lines == ["- No checkpoint has been saved yet"]
