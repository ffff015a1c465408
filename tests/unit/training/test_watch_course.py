"""The alerts on the course of a training at, over and under their limits."""

from pathlib import Path

import pytest

from include.config.system import load_system
from include.core.checks import CheckResult, Severity
from include.training.facts import read_facts
from include.training.logs import LOGS, VALIDATION, LogWriter
from include.training.remedies import remedy
from include.training.watch_course import course_checks
from tests.unit.training.builders import write_run_folder

# an eighth is a number that floats hold exactly
LIMITS = load_system("phase4").alerts.model_copy(update={"overfitting_gap": 0.125})
# an update each 10,000 steps: the last five lie in the window of 50,000
STEPS = [10_000 * place for place in range(1, 21)]


def _result(folder: Path, name: str) -> CheckResult:
    return next(result for result in course_checks(read_facts(folder), LIMITS) if result.name == name)


def _settled(tmp_path: Path, **window: list[float]) -> Path:
    """Return a run that has settled, but for the given columns of its last five updates."""
    rows = [{"timestep": step, "reward": 1.0, "approx_kl": 0.01, "value_loss": 0.2} for step in STEPS]
    for name, values in window.items():
        for row, value in zip(rows[-5:], values, strict=True):
            row[name] = value
    return write_run_folder(tmp_path / "r", rows)


def _validated(tmp_path: Path, trained: list[float | None], validated: list[float | None]) -> Path:
    """Return a run with one episode and then one validation round per pair of win rates."""
    episodes = [{"timesteps": 10_000 * place - 1, "win_rate": rate} for place, rate in enumerate(trained, start=1)]
    folder = write_run_folder(tmp_path / "r", [{}], episodes)
    with LogWriter(folder / LOGS, VALIDATION) as writer:
        for place, rate in enumerate(validated, start=1):
            writer.write(dict.fromkeys(VALIDATION.columns, 0.0) | {"timestep": 10_000 * place, "win_rate": rate})
    return folder


def test_a_training_without_updates_is_not_judged(tmp_path: Path) -> None:
    results = course_checks(read_facts(write_run_folder(tmp_path / "r")), LIMITS)
    assert all(result.passed and result.message.startswith("Not judged: ") for result in results)


def test_a_settled_training_has_converged(tmp_path: Path) -> None:
    result = _result(_settled(tmp_path), "convergence")
    assert (result.passed, result.observed) == (True, "converged")


@pytest.mark.parametrize(
    ("column", "values", "state"),
    [
        ("reward", [1.0, 1.0, 1.0, 1.0, 1.0 + 0.99e-4], "converged"),
        ("reward", [1.0, 1.0, 1.0, 1.0, 1.0 + 1.01e-4], "still learning"),
        ("approx_kl", [0.05] * 5, "converged"),
        ("approx_kl", [0.0501] * 5, "still learning"),
        # halves of two and three updates
        ("value_loss", [0.2, 0.2, 0.21, 0.22, 0.22], "converged"),
        ("value_loss", [0.2, 0.2, 0.22, 0.22, 0.23], "still learning"),
        ("value_loss", [0.2, 0.2, 0.16, 0.16, 0.16], "still learning"),
    ],
)
def test_convergence_needs_reward_policy_and_value_at_rest(
    tmp_path: Path, column: str, values: list[float], state: str
) -> None:
    result = _result(_settled(tmp_path, **{column: values}), "convergence")
    assert result.observed == state
    assert result.passed


@pytest.mark.parametrize(
    ("trained", "passed"), [([0.5, 0.75, 0.62], True), ([0.5, 0.75, 0.625], True), ([0.5, 0.75, 0.63], False)]
)
def test_a_win_rate_far_above_that_on_validation_is_overfitting(
    tmp_path: Path, trained: list[float], passed: bool
) -> None:
    result = _result(_validated(tmp_path, trained, [0.5, 0.5, 0.5]), "overfitting")
    assert result.observed == pytest.approx(sum(trained) / 3 - 0.5)
    assert result.passed is passed
    if not passed:
        assert result.severity is Severity.WARNING
        assert result.message.endswith(remedy("overfitting").text)


def test_a_round_is_compared_with_the_episodes_since_the_round_before(tmp_path: Path) -> None:
    folder = _validated(tmp_path, [0.0, 0.0, 0.7, 0.6, 0.5], [0.0, 0.0, 0.4, 0.4, 0.4])
    assert _result(folder, "overfitting").observed == pytest.approx((0.3 + 0.2 + 0.1) / 3)


@pytest.mark.parametrize(
    "win_rates", [([0.9, 0.9], [0.1, 0.1]), ([0.9, 0.9, None], [0.1] * 3), ([0.9] * 3, [0.1, None, 0.1])]
)
def test_the_gap_waits_for_three_rounds_with_trades_on_both_sides(
    tmp_path: Path, win_rates: tuple[list[float | None], list[float | None]]
) -> None:
    result = _result(_validated(tmp_path, *win_rates), "overfitting")
    assert result.passed
    assert result.observed is None


@pytest.mark.parametrize(
    ("update", "episode", "passed"),
    [
        ({"policy_loss": -1e6}, {}, True),
        ({"policy_loss": -1.001e6}, {}, False),
        ({"value_loss": 1.001e6}, {}, False),
        ({}, {"reward": 1e6}, True),
        ({}, {"reward": 1.001e6}, False),
        ({"value_loss": float("inf")}, {}, False),
    ],
)
def test_absurd_magnitudes_are_critical_whatever_their_sign(
    tmp_path: Path, update: dict[str, float], episode: dict[str, float], passed: bool
) -> None:
    result = _result(write_run_folder(tmp_path / "r", [update], [episode]), "magnitudes")
    assert result.passed is passed
    assert passed or result.severity is Severity.CRITICAL
