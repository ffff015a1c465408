from pathlib import Path

import psutil
import pytest

from include.config.settings import Profile, Settings
from include.core.checks import CheckResult, Severity
from include.core.paths import Home
from include.training.pre_training_machine import machine_checks


def profile(disk_gb: float = 0, memory_gb: float = 0) -> Profile:
    return Profile(candles_per_symbol=None, total_timesteps=None, null_draws=1, disk_gb=disk_gb, memory_gb=memory_gb)


def checks(home: Home, limits: Profile) -> dict[str, CheckResult]:
    return {result.name: result for result in machine_checks(home, limits)}


def test_the_folders_of_a_training_are_made(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home")
    assert checks(home, profile())["directories"].passed
    assert all(folder.is_dir() for folder in (home.runs, home.datasets, home.root / "models"))
    assert (home.reports / "revalidation").is_dir()
    assert not any(home.runs.iterdir())


def test_a_folder_that_is_in_the_way_blocks(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file", encoding="utf-8")
    found = checks(Home(tmp_path), profile())["directories"]
    assert (found.passed, found.severity) == (False, Severity.CRITICAL)
    assert str(tmp_path / "runs") in found.message


def test_room_is_what_the_system_says(tmp_path: Path) -> None:
    found = checks(Home(tmp_path), profile(memory_gb=1e6))["memory"]
    assert found.observed == pytest.approx(psutil.virtual_memory().available / 1e9, abs=1.0)


@pytest.mark.parametrize("name", ["disk_space", "memory"])
def test_less_than_wanted_is_worth_a_look(tmp_path: Path, name: str) -> None:
    found = checks(Home(tmp_path), profile(disk_gb=1e6, memory_gb=1e6))[name]
    assert (found.passed, found.limit, found.severity) == (False, 1e6, Severity.WARNING)
    assert "1e+06 GB wanted. Actions:" in found.message


def test_less_than_needed_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.training.pre_training_machine.NEEDED_DISK_GB", 1e6)
    limits = profile(disk_gb=2e6)
    assert checks(Home(tmp_path), limits)["disk_space"].severity is Severity.CRITICAL
    assert checks(Home(tmp_path), limits)["memory"].passed


def test_the_full_profile_has_the_limits_of_the_checklist(settings: Settings) -> None:
    full = settings.model_copy(update={"profile_name": "full"}).profile
    assert (full.disk_gb, full.memory_gb) == (50, 16)
    assert settings.profile.disk_gb < full.disk_gb
