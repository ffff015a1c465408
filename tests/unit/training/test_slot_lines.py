"""The lines that every check shares."""

from datetime import timedelta
from pathlib import Path

import pytest

from include.config.system import load_system
from include.core.checks import CheckReport, CheckResult, Severity
from include.training.facts import read_facts
from include.training.ownership import lock_run
from include.training.slot_lines import checkpoint_words, hours_since, kl_words, run_line, status_lines, trend_words
from tests.support.documents import document, needs_documents
from tests.unit.training.builders import NOW, add_checkpoint, write_run_folder

LIMITS = load_system("phase4").alerts


def _report(*severities: Severity) -> CheckReport:
    failures = [CheckResult(name=f"bad_{s}", passed=False, severity=s) for s in severities]
    return CheckReport(subject="r", results=(CheckResult(name="good", passed=True), *failures))


@pytest.mark.parametrize(
    ("severities", "status", "alerts"),
    [
        ((), "✅ Overall Status: OK", "🔔 Alerts: No critical issues"),
        ((Severity.INFO,), "✅ Overall Status: OK", "🔔 Alerts: No critical issues"),
        (
            (Severity.WARNING,),
            "⚠️ Overall Status: WARNING",
            "🔔 Alerts: No critical issues (warnings: bad_warning)",
        ),
        ((Severity.CRITICAL,), "❌ Overall Status: CRITICAL", "🔔 Alerts: bad_critical"),
    ],
)
def test_status_and_alerts_follow_the_worst_failure(
    tmp_path: Path, severities: tuple[Severity, ...], status: str, alerts: str
) -> None:
    facts = read_facts(write_run_folder(tmp_path / "r", [{}]))
    lines = status_lines(facts, _report(*severities), LIMITS, NOW)
    assert (lines[0], lines[-1]) == (status, alerts)


def test_the_five_documented_lines_come_in_their_order(tmp_path: Path) -> None:
    lines = status_lines(read_facts(write_run_folder(tmp_path / "r", [{}])), _report(), LIMITS, NOW)
    assert [line.split(":")[0].split(" ", 1)[1] for line in lines] == [
        "Overall Status",
        "Log Files",
        "Convergence",
        "Checkpoints",
        "Alerts",
    ]
    assert lines[1] == "✅ Log Files: All present"


@needs_documents
def test_the_five_lines_are_the_documents(tmp_path: Path) -> None:
    text = document("phase4_operations_checklist")
    expected = text[text.index("# Expected output:") :].split("```")[0].splitlines()[1:]
    lines = status_lines(read_facts(write_run_folder(tmp_path / "r", [{}])), _report(), LIMITS, NOW)
    heads = [line.removeprefix("# ").split(": ")[0] for line in expected if line.startswith("# ")]
    assert [line.split(": ")[0] for line in lines] == heads
    # the document's own run is a sound one
    assert (lines[0], lines[1]) == ("✅ Overall Status: OK", "✅ Log Files: All present")
    assert "🔔 Alerts: No critical issues" in text


@pytest.mark.parametrize(
    ("kl", "words"), [(0.012, "0.0120 (✅ < 0.05)"), (0.07, "0.0700 (⚠️ 0.05-0.1)"), (0.2, "0.2000 (❌ > 0.1)")]
)
def test_kl_divergence_in_its_three_bands(tmp_path: Path, kl: float, words: str) -> None:
    assert kl_words(read_facts(write_run_folder(tmp_path / "r", [{"approx_kl": kl}])), LIMITS) == words


@pytest.mark.parametrize(("slope", "word"), [(0.001, "✅ positive"), (0.0, "⚠️ flat"), (-0.001, "❌ negative")])
def test_reward_trend_in_its_three_words(tmp_path: Path, slope: float, word: str) -> None:
    rows = [{"timesteps": 200 * i, "reward": slope * 200 * i} for i in range(25)]
    assert word in trend_words(read_facts(write_run_folder(tmp_path / "r", [{}], rows)), LIMITS)


def test_what_is_not_known_yet_is_said(tmp_path: Path) -> None:
    facts = read_facts(write_run_folder(tmp_path / "r"))
    assert kl_words(facts, LIMITS) == trend_words(facts, LIMITS) == "not known yet"
    assert checkpoint_words(facts, NOW) == "none saved yet"


def test_checkpoints_are_counted_and_the_newest_is_aged(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{}])
    add_checkpoint(folder, 10)
    add_checkpoint(folder, 20)
    facts = read_facts(folder)
    assert facts.saved_at is not None
    assert checkpoint_words(facts, facts.saved_at + timedelta(hours=3)) == "2 saved, latest 3.0 h ago"


def test_hours_are_never_negative() -> None:
    assert hours_since(NOW, NOW - timedelta(hours=1)) == 0.0
    assert hours_since(NOW, NOW + timedelta(minutes=90)) == 1.5


def test_the_run_line_says_whether_a_training_is_running(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{"timestep": 4096}])
    with lock_run(folder):
        assert run_line(read_facts(folder)).startswith("🏃 Training: r, 4,096 / 500,000 steps")
    assert "No training is running. Latest run: r, interrupted, 4,096 / 500,000 steps" in run_line(read_facts(folder))
