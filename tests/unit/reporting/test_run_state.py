from datetime import timedelta
from pathlib import Path

import pytest

from include.config.system import load_system
from include.reporting.run_state import run_state, status_word
from include.training.facts import read_facts
from include.training.ownership import lock_run
from tests.unit.training.builders import NOW, STARTED, run_info, write_run_folder

SYSTEM = load_system("phase4")
ATTEMPT = {"token": 2, "pid": 1, "started_at": NOW - timedelta(seconds=100), "from_step": 10_000, "to_step": 0}


def test_a_run_that_trains_tells_speed_and_time_left_of_its_newest_attempt(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "run", [{"timestep": 60_000}], attempts=(ATTEMPT,))
    with lock_run(folder):
        state = run_state(read_facts(folder), SYSTEM, NOW)
    # 50,000 steps in 100 s; 440,000 are left
    assert (state["speed"], state["seconds_left"]) == (500.0, 880.0)
    assert (state["status"], state["is_training"], state["share"]) == ("running", True, pytest.approx(0.12))


def test_speed_is_not_known_before_the_first_update_of_the_attempt(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "run", [{"timestep": 10_000}], attempts=(ATTEMPT,))
    with lock_run(folder):
        state = run_state(read_facts(folder), SYSTEM, NOW)
    assert (state["speed"], state["seconds_left"]) == (None, None)


def test_a_run_that_nobody_trains_and_that_never_ended_is_interrupted(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "run", [{"timestep": 60_000}], attempts=(ATTEMPT,))
    state = run_state(read_facts(folder), SYSTEM, NOW)
    assert (state["status"], state["is_training"], state["seconds_left"]) == ("interrupted", False, None)
    assert status_word(run_info(status="finished"), is_alive=False) == "finished"


def test_alerts_are_the_failed_checks_most_severe_first(tmp_path: Path) -> None:
    updates = [{"timestep": 2048, "kl_divergence": 0.3, "approx_kl": 0.3, "clip_fraction": 0.5}]
    folder = write_run_folder(tmp_path / "run", updates, started_at=STARTED)
    with lock_run(folder):
        alerts = run_state(read_facts(folder), SYSTEM, NOW)["alerts"]
    severities = [alert["severity"] for alert in alerts]
    assert "critical" in severities
    assert severities == sorted(severities, key=["critical", "exclude", "warning", "info"].index)
    assert all(alert["name"] and alert["message"] for alert in alerts)


def test_an_undefined_figure_is_none(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "run", [{"timestep": 2048, "reward": None}])
    state = run_state(read_facts(folder), SYSTEM, NOW)
    assert state["reward"] is None
