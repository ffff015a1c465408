"""Each learning alert rings beyond its limit, is quiet within it, and says why it cannot judge."""

import math
from pathlib import Path

import numpy as np
import pytest

from include.config.system import load_system
from include.core.checks import CheckResult, Severity
from include.training.facts import read_facts
from include.training.remedies import remedy
from include.training.watch_learning import learning_checks
from tests.unit.training.builders import write_run_folder

LIMITS = load_system("phase4").alerts


def _result(folder: Path, name: str) -> CheckResult:
    return next(result for result in learning_checks(read_facts(folder), LIMITS) if result.name == name)


def _run(tmp_path: Path, update: dict | None = None, episode: dict | None = None, episodes: int = 30) -> Path:
    rows = [{"timestep": 200_000 - 200 * (episodes - i)} | (episode or {}) for i in range(episodes)]
    numbered = [{"timesteps": row.pop("timestep")} | row for row in rows]
    earlier = {"timestep": 100_000, "reward": 0.0}
    return write_run_folder(tmp_path / "r", [earlier, update or {}], numbered)


def _falling(tmp_path: Path, slope: float, start: int = 200_000, noise: float = 0.0) -> Path:
    rng = np.random.default_rng(1)
    steps = [start + 200 * i for i in range(25)]
    rows = [{"timesteps": s, "reward": slope * s + noise * rng.normal()} for s in steps]
    return write_run_folder(tmp_path / "r", [{"timestep": steps[-1]}], rows)


def test_a_healthy_training_raises_nothing(tmp_path: Path) -> None:
    results = learning_checks(read_facts(_run(tmp_path)), LIMITS)
    assert [result.name for result in results if not result.passed] == []
    assert all(result.observed is not None for result in results)


@pytest.mark.parametrize(
    ("slope", "passed", "severity"),
    [
        (-0.0005, False, Severity.WARNING),
        (-0.002, False, Severity.CRITICAL),
        (-0.00005, True, None),
        (0.01, True, None),
    ],
)
def test_reward_trend_against_its_two_limits(
    tmp_path: Path, slope: float, passed: bool, severity: Severity | None
) -> None:
    result = _result(_falling(tmp_path, slope), "reward_trend")
    assert result.passed is passed
    assert result.observed == pytest.approx(slope, rel=1e-6)
    assert severity is None or result.severity is severity


def test_a_steep_slope_within_its_noise_is_not_an_alert(tmp_path: Path) -> None:
    result = _result(_falling(tmp_path, -0.0015, noise=50.0), "reward_trend")
    assert result.passed


@pytest.mark.parametrize("name", ["reward_trend", "no_improvement", "episode_reward"])
def test_reward_alerts_are_silent_in_the_volatile_first_steps(tmp_path: Path, name: str) -> None:
    rows = [{"timesteps": 200 * i, "reward": -9000.0 - i} for i in range(1, 26)]
    folder = write_run_folder(tmp_path / "r", [{"timestep": 99_999, "reward": -9000.0}], rows)
    result = _result(folder, name)
    assert result.passed
    assert result.observed is None
    assert "silent before step 100,000, now at 99,999" in result.message


@pytest.mark.parametrize(
    ("name", "update", "severity"),
    [
        ("kl_divergence", {"approx_kl": 0.06}, Severity.WARNING),
        ("kl_divergence", {"approx_kl": 0.11}, Severity.CRITICAL),
        ("policy_loss", {"policy_loss": 1001.0}, Severity.CRITICAL),
        ("policy_loss", {"policy_loss": -1001.0}, Severity.CRITICAL),
        ("value_loss", {"value_loss": 10_001.0}, Severity.CRITICAL),
        ("entropy", {"entropy": 0.14 * math.log(5) - 0.001}, Severity.WARNING),
        ("clip_fraction", {"clip_fraction": 0.09}, Severity.INFO),
        ("clip_fraction", {"clip_fraction": 0.31}, Severity.INFO),
        ("no_improvement", {"timestep": 200_000, "reward": 0.00009}, Severity.WARNING),
    ],
)
def test_an_update_beyond_its_limit_is_an_alert(
    tmp_path: Path, name: str, update: dict[str, float], severity: Severity
) -> None:
    result = _result(_run(tmp_path, update=update), name)
    assert not result.passed
    assert result.severity is severity
    assert result.message.endswith(remedy(name).text)


@pytest.mark.parametrize(
    ("name", "update"),
    [
        ("kl_divergence", {"approx_kl": 0.05}),
        ("policy_loss", {"policy_loss": 1000.0}),
        ("value_loss", {"value_loss": 10_000.0}),
        ("entropy", {"entropy": 0.14 * math.log(5)}),
        ("clip_fraction", {"clip_fraction": 0.1}),
        ("clip_fraction", {"clip_fraction": 0.3}),
        ("no_improvement", {"timestep": 200_000, "reward": 0.0001}),
    ],
)
def test_an_update_at_its_limit_is_no_alert(tmp_path: Path, name: str, update: dict[str, float]) -> None:
    assert _result(_run(tmp_path, update=update), name).passed


def test_a_kl_spike_is_remembered_for_ten_updates(tmp_path: Path) -> None:
    spike = [{"timestep": 1, "approx_kl": 0.2}]
    assert not _result(write_run_folder(tmp_path / "a", spike + [{}] * 9), "kl_divergence").passed
    assert _result(write_run_folder(tmp_path / "b", spike + [{}] * 10), "kl_divergence").passed


@pytest.mark.parametrize(
    ("name", "episode", "severity"),
    [
        ("episode_reward", {"reward": -5000.5}, Severity.CRITICAL),
        ("training_win_rate", {"win_rate": 0.39}, Severity.WARNING),
        ("training_drawdown", {"max_dd": 0.26}, Severity.WARNING),
    ],
)
def test_episodes_beyond_a_limit_are_an_alert(
    tmp_path: Path, name: str, episode: dict[str, float], severity: Severity
) -> None:
    result = _result(_run(tmp_path, episode=episode), name)
    assert not result.passed
    assert result.severity is severity
    assert result.observed == pytest.approx(next(iter(episode.values())))


@pytest.mark.parametrize(
    ("name", "update"),
    [
        ("kl_divergence", {"approx_kl": None}),
        ("policy_loss", {"policy_loss": None}),
        ("value_loss", {"value_loss": math.inf}),
        ("entropy", {"entropy": None}),
        ("clip_fraction", {"clip_fraction": None}),
    ],
)
def test_an_undefined_value_does_not_pass_and_says_why(
    tmp_path: Path, name: str, update: dict[str, float | None]
) -> None:
    result = _result(_run(tmp_path, update=update), name)
    assert not result.passed
    assert result.observed is None
    assert result.message.startswith("Undefined: ")


def test_episodes_without_any_trade_leave_the_win_rate_undefined(tmp_path: Path) -> None:
    result = _result(_run(tmp_path, episode={"win_rate": None}), "training_win_rate")
    assert not result.passed
    assert result.message.startswith("Undefined: ")


def test_before_the_first_update_nothing_rings(tmp_path: Path) -> None:
    results = learning_checks(read_facts(write_run_folder(tmp_path / "r")), LIMITS)
    assert all(result.passed and result.observed is None for result in results)
    assert all(result.message.startswith("Not judged: ") for result in results)


def test_nine_bad_episodes_are_not_enough_to_judge(tmp_path: Path) -> None:
    result = _result(_run(tmp_path, episode={"win_rate": 0.0}, episodes=9), "training_win_rate")
    assert result.passed
    assert "9 of 10 episodes" in result.message
