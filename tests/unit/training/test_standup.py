"""The standup carries every field of the documented template."""

import re
from pathlib import Path

import pytest

from include.config.campaign import load_campaign
from include.config.system import load_system
from include.training.facts import read_facts
from include.training.ownership import lock_run
from include.training.standup import standup_lines
from include.training.watch import evaluate_facts
from tests.support.documents import document, needs_documents
from tests.unit.training.builders import NOW, add_checkpoint, write_run_folder

SYSTEM = load_system("phase4")
LABELS = [
    "DATE:",
    "TIME:",
    "RESPONSIBLE:",
    "YESTERDAYS PROGRESS:",
    "- Training status:",
    "- Reward trend:",
    "- KL divergence:",
    "- Last checkpoint:",
    "- Issues:",
    "TODAYS PLAN:",
    "- Continue training",
    "- Monitor convergence every 4 hours",
    "- Any tuning needed?",
    "BLOCKERS:",
    "- None",
    "CONFIDENCE LEVEL:",
    "- On track for 5-6/6 gates:",
]


def _lines(folder: Path) -> list[str]:
    facts = read_facts(folder)
    return standup_lines(facts, evaluate_facts(facts, SYSTEM.alerts, NOW), SYSTEM, load_campaign(), NOW)


def _line(lines: list[str], start: str) -> str:
    return next(line for line in lines if line.startswith(start))


def test_every_field_of_the_template_comes_in_its_order(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{"timestep": 20_480}])
    add_checkpoint(folder, 20_480)
    with lock_run(folder):
        lines = [line for line in _lines(folder) if line]
    assert len(lines) == len(LABELS)
    assert [line for line, label in zip(lines, LABELS, strict=True) if not line.startswith(label)] == []


@needs_documents
def test_every_field_is_the_documents(tmp_path: Path) -> None:
    text = document("phase4_operations_checklist")
    template = text[text.index("## DAILY STANDUP TEMPLATE") :].split("```")[1].strip().splitlines()
    folder = write_run_folder(tmp_path / "r", [{"timestep": 20_480}])
    with lock_run(folder):
        lines = _lines(folder)
    # up to the first blank to fill in: what stands there is the field's name
    fields = [re.split(r"_|: | No / | / \(|5-6", line)[0] for line in template]
    assert len(lines) == len(template)
    assert [field for field, line in zip(fields, lines, strict=True) if not line.startswith(field)] == []


def test_progress_and_plan_are_in_thousands_of_steps(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{"timestep": 20_480}])
    with lock_run(folder):
        lines = _lines(folder)
    assert _line(lines, "- Training status") == "- Training status: 20k / 500k timesteps (4%)"
    assert _line(lines, "- Continue") == "- Continue training (target: 480k more steps)"
    assert lines[:3] == ["DATE: 24 FEB 2026", "TIME: 10:00 UTC", "RESPONSIBLE: ML Engineer"]


def test_a_critical_alert_is_an_issue_a_blocker_and_tuning(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{"approx_kl": 0.3}], status="finished")
    lines = _lines(folder)
    assert _line(lines, "- Issues") == "- Issues: ⚠️ kl_divergence"
    assert "- KL divergence spike" in lines
    assert (
        _line(lines, "- Any tuning")
        == "- Any tuning needed? Yes: reduce learning_rate to 1e-4 (preset conservative_rate)"
    )


@pytest.mark.parametrize(
    ("decision", "gates", "words"),
    [("GO", 5, "✅ High (5 of 6"), ("PARTIAL-GO", 4, "⚠️ Medium (4 of 6"), ("NO-GO", 3, "❌ Low (3 of 6")],
)
def test_confidence_comes_from_the_gates_on_the_validation_split(
    tmp_path: Path, decision: str, gates: int, words: str
) -> None:
    folder = write_run_folder(tmp_path / "r", [{}], best_decision=decision, best_gates=gates)
    assert words in _lines(folder)[-1]


def test_confidence_is_not_known_before_a_validation(tmp_path: Path) -> None:
    assert "not known yet" in _lines(write_run_folder(tmp_path / "r", [{}]))[-1]


def test_without_a_training_the_plan_says_what_to_do_instead(tmp_path: Path) -> None:
    lines = _lines(write_run_folder(tmp_path / "r", [{}], status="finished"))
    assert "- No training is running; revalidate the latest run or train a new one" in lines
