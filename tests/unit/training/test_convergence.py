"""The five convergence indicators, each as expected, not as expected, and before anything is known."""

from pathlib import Path

import pytest

from include.config.system import load_system
from include.training.convergence import Indicator, indicators
from include.training.facts import read_facts
from tests.support.documents import document, needs_documents
from tests.unit.training.builders import write_run_folder

LIMITS = load_system("phase4").alerts
START = 200_000
Rows = list[dict[str, float | None]]


def found(folder: Path, updates: Rows, episodes: Rows) -> dict[str, Indicator]:
    facts = read_facts(write_run_folder(folder, updates, episodes))
    return {one.name: one for one in indicators(facts, LIMITS)}


def updates(count: int = 40, **columns: float) -> Rows:
    """Return updates whose `columns` begin at 1.0 and change by so much an update."""
    return [
        {"timestep": START + 2048 * place} | {name: 1.0 + change * place for name, change in columns.items()}
        for place in range(count)
    ]


def episodes(slope: float) -> Rows:
    return [{"timesteps": START + 200 * place, "reward": slope * 200 * place} for place in range(60)]


def test_a_sound_training_is_as_expected_in_all_five(tmp_path: Path) -> None:
    rows = found(tmp_path / "r", updates(entropy=-0.01, value_loss=-0.02), episodes(0.0001))
    assert [one.mark for one in rows.values()] == ["✅"] * 5


@pytest.mark.parametrize(
    ("name", "rows", "slope", "mark"),
    [
        ("Reward trend", updates(), -0.0005, "⚠️"),
        ("Reward trend", updates(), -0.01, "❌"),
        ("KL divergence", [{"approx_kl": 0.07}], 0.0, "⚠️"),
        ("KL divergence", [{"approx_kl": 0.2}], 0.0, "❌"),
        ("KL divergence", [{"approx_kl": None}], 0.0, "❌"),
        ("Episode rewards", updates(), -0.0005, "⚠️"),
        ("Value function loss", updates(value_loss=0.1), 0.0, "⚠️"),
        ("Policy entropy", updates(entropy=0.01), 0.0, "⚠️"),
        ("Policy entropy", updates(entropy=-0.0249), 0.0, "❌"),
    ],
)
def test_what_is_not_as_expected_is_marked(tmp_path: Path, name: str, rows: Rows, slope: float, mark: str) -> None:
    assert found(tmp_path / "r", rows, episodes(slope))[name].mark == mark


def test_nothing_is_judged_before_there_is_something_to_judge(tmp_path: Path) -> None:
    assert {one.mark for one in found(tmp_path / "r", [], []).values()} == {"⏳"}


def test_rewards_are_not_judged_in_the_first_100k_steps(tmp_path: Path) -> None:
    early: Rows = [{"timesteps": 100 * place, "reward": -float(place)} for place in range(60)]
    rows = found(tmp_path / "r", [{"timestep": 90_000}], early)
    assert (rows["Reward trend"].mark, rows["Episode rewards"].mark) == ("⏳", "⏳")
    assert rows["Reward trend"].line.endswith("volatile before step 100,000")


@needs_documents
def test_the_five_are_the_documents_with_its_expectations(tmp_path: Path) -> None:
    text = document("phase4_operations_checklist")
    part = text[text.index("### Convergence Indicators") : text.index("### Alert Thresholds")]
    lines = [line for line in part.splitlines() if line.startswith("- **")]
    rows = list(found(tmp_path / "r", updates(), episodes(0.0)).values())
    wanted = ("≥0 (ideally +0.0001 per step)", "stay < 0.05", "increase over time", "stabilize around epoch 5-10",
              "decrease gradually")  # fmt: skip
    told = ("be ≥ 0, ideally +0.0001 per step", "stay < 0.05", "increase over time", "stabilise around epoch 5-10",
            "decrease gradually")  # fmt: skip
    assert len(lines) == len(rows) == 5
    for line, row, theirs, ours in zip(lines, rows, wanted, told, strict=True):
        assert line.lower().startswith(f"- **{row.name.lower()[:12]}")
        assert theirs in line
        assert ours in row.expectation
