"""Run ids, run.json, runs moved aside."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from include.config.system import load_system
from include.core.errors import IntegrityError, MissingInputError
from include.core.files import write_json
from include.core.paths import Home
from include.training.runs import (
    CONFIG_FILE,
    all_runs,
    config_sha256,
    identity_of_run,
    latest_run,
    read_config,
    read_run,
    run_id_of,
    set_aside,
    write_config,
    write_run,
)
from tests.unit.training.builders import STARTED, run_info


def test_run_id_names_system_dataset_configuration_and_seed() -> None:
    system = load_system("phase4")
    assert run_id_of(system, "0123456789abcdef") == f"phase4-01234567-{config_sha256(system)[:8]}-s42"


@pytest.mark.parametrize(
    "overrides",
    [{"training.learning_rate": 1e-4}, {"account.fee_bps": 6.0}, {"reward.clip": 5.0}, {"training.total_timesteps": 1}],
)
def test_run_id_changes_with_whatever_shapes_the_training(overrides: dict[str, float]) -> None:
    ids = [run_id_of(load_system("phase4", overrides=o), "d" * 16) for o in ({}, overrides)]
    assert ids[0] != ids[1]


def test_run_id_does_not_change_with_alert_limits_or_texts() -> None:
    system = load_system("phase4")
    alerts = system.alerts.model_copy(update={"kl_warning": 0.01})
    changed = system.model_copy(update={"alerts": alerts, "description": "another text"})
    assert run_id_of(changed, "d" * 16) == run_id_of(load_system("phase4"), "d" * 16)


def test_run_id_changes_with_dataset_seed_engine_and_device() -> None:
    system, other = load_system("phase4"), load_system("phase4", overrides={"training.seed": 7})
    ids = {
        run_id_of(system, "a" * 16),
        run_id_of(system, "b" * 16),
        run_id_of(load_system("phase4", overrides={"training.engine": "sb3"}), "a" * 16),
        run_id_of(other, "a" * 16),
        run_id_of(system, "a" * 16, "cuda"),
    }
    assert len(ids) == 5


def test_run_id_changes_with_the_candles_in_an_observation() -> None:
    system = load_system("shadow")
    assert run_id_of(system, "a" * 16) != run_id_of(system.model_copy(update={"lookback": 10}), "a" * 16)


def test_run_record_survives_the_file(tmp_path: Path) -> None:
    info = run_info("r", best_score=0.1 + 0.2, status="finished")
    write_run(tmp_path / "r", info)
    assert read_run(tmp_path / "r") == info


def test_configuration_survives_the_file(tmp_path: Path) -> None:
    system = load_system("phase4", "handoff")
    write_config(tmp_path, system)
    assert read_config(tmp_path) == system


def test_a_configuration_from_before_models_expired_takes_todays_limits(tmp_path: Path) -> None:
    system = load_system("phase4", "handoff")
    write_json(tmp_path / CONFIG_FILE, system.model_dump(mode="json", exclude={"evidence", "champion"}))
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


def test_the_inputs_of_a_run_are_read_back_from_its_folder(tmp_path: Path) -> None:
    system = load_system("phase4", overrides={"training.seed": 7})
    write_run(tmp_path / "r", run_info("r", feature_set_sha256="f" * 64, device="cuda"))
    write_config(tmp_path / "r", system)
    identity = identity_of_run(tmp_path / "r")
    assert (identity.dataset_id, identity.feature_set_sha256, identity.device) == ("d" * 16, "f" * 64, "cuda")
    assert identity.features == ("f_test_0", "f_test_1", "f_test_2")
    assert identity.config["training"]["seed"] == 7
    assert "gates" not in identity.config
