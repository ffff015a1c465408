"""Run ids, run.json, the lock, runs moved aside."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from include.config.system import load_system
from include.core.errors import AlreadyRunningError, IntegrityError, MissingInputError
from include.core.paths import Home
from include.training.runs import (
    all_runs,
    config_sha256,
    is_locked,
    latest_run,
    lock_run,
    read_config,
    read_run,
    run_id_of,
    set_aside,
    write_config,
    write_run,
)
from tests.unit.training.builders import STARTED, run_info

_HOLD = """
import sys, time
from pathlib import Path
from include.training.runs import lock_run
with lock_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def _hold_elsewhere(folder: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_run_id_names_system_dataset_configuration_and_seed() -> None:
    system = load_system("phase4")
    assert run_id_of(system, "0123456789abcdef", "sb3") == f"phase4-01234567-{config_sha256(system, 'sb3')[:8]}-s42"


@pytest.mark.parametrize(
    "overrides",
    [{"training.learning_rate": 1e-4}, {"account.fee_bps": 6.0}, {"reward.clip": 5.0}, {"training.total_timesteps": 1}],
)
def test_run_id_changes_with_whatever_shapes_the_training(overrides: dict[str, float]) -> None:
    ids = [run_id_of(load_system("phase4", overrides=o), "d" * 16, "sb3") for o in ({}, overrides)]
    assert ids[0] != ids[1]


def test_run_id_does_not_change_with_alert_limits_or_texts() -> None:
    system = load_system("phase4")
    alerts = system.alerts.model_copy(update={"kl_warning": 0.01})
    changed = system.model_copy(update={"alerts": alerts, "description": "another text"})
    assert run_id_of(changed, "d" * 16, "sb3") == run_id_of(load_system("phase4"), "d" * 16, "sb3")


def test_run_id_changes_with_dataset_seed_and_engine() -> None:
    system, other = load_system("phase4"), load_system("phase4", overrides={"training.seed": 7})
    ids = {
        run_id_of(system, "a" * 16, "sb3"),
        run_id_of(system, "b" * 16, "sb3"),
        run_id_of(system, "a" * 16, "fused"),
        run_id_of(other, "a" * 16, "sb3"),
    }
    assert len(ids) == 4


def test_run_record_survives_the_file(tmp_path: Path) -> None:
    info = run_info("r", best_score=0.1 + 0.2, status="finished")
    write_run(tmp_path / "r", info)
    assert read_run(tmp_path / "r") == info


def test_configuration_survives_the_file(tmp_path: Path) -> None:
    system = load_system("phase4", "handoff")
    write_config(tmp_path, system)
    assert read_config(tmp_path) == system


def test_a_missing_run_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="Run `nothing` does not exist"):
        read_run(tmp_path / "nothing")


def test_a_record_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    document = run_info("r").model_dump(mode="json") | {"colour": "red"}
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(IntegrityError, match="colour"):
        read_run(tmp_path)


def test_latest_run_is_the_one_that_started_last(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for number, name in enumerate(["b-run", "a-run", "c-run"]):
        write_run(home.run(name), run_info(name, started_at=STARTED + timedelta(hours=number % 2)))
    assert [info.run_id for info in all_runs(home, "phase4")][-1] == "a-run"
    latest = latest_run(home, "phase4")
    assert latest is not None
    assert latest.run_id == "a-run"


def test_latest_run_can_be_asked_for_a_status(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write_run(home.run("done"), run_info("done", status="finished"))
    write_run(home.run("broken"), run_info("broken", status="failed", started_at=STARTED + timedelta(hours=1)))
    latest = latest_run(home, "phase4", "finished")
    assert latest is not None
    assert latest.run_id == "done"


def test_other_systems_and_runs_moved_aside_are_not_latest(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write_run(home.run("other"), run_info("other", system="shadow"))
    write_run(home.run("mine"), run_info("mine"))
    set_aside(home.run("mine"))
    assert latest_run(home, "phase4") is None


def test_no_run_at_all_is_none(tmp_path: Path) -> None:
    assert latest_run(Home(tmp_path), "phase4") is None


def test_runs_are_moved_aside_under_a_new_number_each_time(tmp_path: Path) -> None:
    for expected in ("r.interrupted-1", "r.interrupted-2"):
        (tmp_path / "r").mkdir()
        (tmp_path / "r" / "model.zip").write_text(expected)
        aside = set_aside(tmp_path / "r")
        assert aside == tmp_path / expected
        assert (aside / "model.zip").read_text() == expected
    assert set_aside(tmp_path / "r") is None


def test_a_run_held_by_a_living_process_is_refused_and_named(tmp_path: Path) -> None:
    holder = _hold_elsewhere(tmp_path / "r")
    try:
        assert is_locked(tmp_path / "r")
        with (
            pytest.raises(AlreadyRunningError, match=f"`r` is being trained by process {holder.pid}"),
            lock_run(tmp_path / "r"),
        ):
            pass
    finally:
        holder.kill()
        holder.communicate()


def test_the_lock_ends_with_its_process_however_it_ends(tmp_path: Path) -> None:
    holder = _hold_elsewhere(tmp_path / "r")
    holder.kill()
    holder.communicate()
    assert not is_locked(tmp_path / "r")
    with lock_run(tmp_path / "r"):
        assert is_locked(tmp_path / "r")
    assert not is_locked(tmp_path / "r")
