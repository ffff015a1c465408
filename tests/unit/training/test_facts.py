"""What is read from a run's folder, and the trend that is computed of it."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from include.training.facts import improvement, last, read_facts, reward_trend
from include.training.logs import ALL_LOGS, CONVERGENCE, EPISODES, LOGS, empty_log
from include.training.ownership import lock_run
from tests.unit.training.builders import add_checkpoint, write_run_folder


def _episodes(steps: np.ndarray, rewards: np.ndarray) -> dict[str, np.ndarray]:
    return empty_log(EPISODES) | {"timesteps": steps.astype(float), "reward": rewards.astype(float)}


def test_a_straight_line_has_its_slope_and_no_error() -> None:
    steps = np.arange(0, 5000, 200)
    trend = reward_trend(_episodes(steps, 3.0 - 0.002 * steps), 5000)
    assert trend is not None
    assert trend.slope == pytest.approx(-0.002)
    assert trend.standard_error == pytest.approx(0.0, abs=1e-12)
    assert trend.episodes == 25
    assert trend.is_falling


def test_slope_and_standard_error_equal_the_normal_equations() -> None:
    # independent: the normal equations by numpy's least squares and the inverse of X'X
    x = np.arange(10.0)
    y = x + np.array([1.0, -1.0] * 5)
    design = np.column_stack([np.ones(10), x])
    coefficients, residual, *_ = np.linalg.lstsq(design, y)
    error = math.sqrt(residual[0] / 8 * np.linalg.inv(design.T @ design)[1, 1])
    trend = reward_trend(_episodes(x, y), 100)
    assert trend is not None
    assert trend.slope == pytest.approx(coefficients[1])
    assert trend.standard_error == pytest.approx(error)


def test_only_the_window_counts() -> None:
    steps = np.arange(0, 10_000, 100)
    rewards = np.where(steps < 5000, -steps, steps)
    trend = reward_trend(_episodes(steps, rewards), 4000)
    assert trend is not None
    assert trend.slope == pytest.approx(1.0)


def test_long_episodes_widen_the_window_to_ten_of_them() -> None:
    steps = np.arange(0, 40_000, 2000)
    trend = reward_trend(_episodes(steps, steps), 5000)
    assert trend is not None
    assert trend.episodes == 10


def test_noise_around_a_level_is_no_trend() -> None:
    rng = np.random.default_rng(0)
    steps = np.arange(0, 5000, 200)
    trend = reward_trend(_episodes(steps, rng.normal(0, 30, 25)), 5000)
    assert trend is not None
    assert not trend.is_falling
    assert not trend.is_rising


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_episodes_have_no_trend(count: int) -> None:
    assert reward_trend(_episodes(np.arange(count), np.arange(count)), 5000) is None


def test_improvement_is_the_gain_of_the_best_reward_over_the_best_before() -> None:
    values = {"timestep": np.array([10.0, 20, 30, 40]), "reward": np.array([1.0, 5.0, 4.0, 7.0])}
    assert improvement(empty_log(CONVERGENCE) | values, 20) == 2.0


def test_improvement_needs_both_sides() -> None:
    values = {"timestep": np.array([10.0, 20]), "reward": np.array([1.0, 5.0])}
    assert improvement(empty_log(CONVERGENCE) | values, 20) is None
    assert improvement(empty_log(CONVERGENCE), 20) is None
    unknown = values | {"reward": np.array([math.nan, 5.0])}
    assert improvement(empty_log(CONVERGENCE) | unknown, 10) is None


def test_facts_of_a_run_in_training(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{"timestep": 2048}, {"timestep": 4096}], [{}])
    add_checkpoint(folder, 4096)
    with lock_run(folder):
        facts = read_facts(folder)
    assert facts.is_training
    assert facts.timesteps == 4096
    assert facts.log_problems == ()
    assert facts.saved_at == facts.checkpoints[-1].manifest.created_at
    assert last(facts.convergence, "timestep") == 4096


def test_a_running_run_without_a_process_is_not_training(tmp_path: Path) -> None:
    facts = read_facts(write_run_folder(tmp_path / "r"))
    assert facts.info.status == "running"
    assert not facts.is_training
    assert facts.saved_at is None
    assert last(facts.convergence, "timestep") is None


def test_missing_and_damaged_logs_are_problems_not_crashes(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{}])
    (folder / LOGS / "alerts.log").unlink()
    (folder / LOGS / EPISODES.name).write_text("step,loss\n")
    problems = read_facts(folder).log_problems
    assert problems[0] == "alerts.log is missing"
    assert EPISODES.name in problems[1]
    assert len(problems) == 2


def test_a_trainer_that_has_just_begun_has_no_logs_yet_and_a_dead_one_has_lost_them(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", status="running")
    shutil.rmtree(folder / LOGS)
    with lock_run(folder):
        assert read_facts(folder).log_problems == ()
        (folder / LOGS).mkdir()
        (folder / LOGS / ALL_LOGS[0]).touch()
        assert len(read_facts(folder).log_problems) >= len(ALL_LOGS) - 1
    shutil.rmtree(folder / LOGS)
    assert len(read_facts(folder).log_problems) == len(ALL_LOGS)
