"""What the newest comparison says of the champion that stands."""

from datetime import timedelta
from typing import Any

import pytest

from include.config.settings import Settings
from include.core.files import write_json
from include.reporting.advice import advice
from include.reporting.verdict import RESULT_FILE
from include.training.champion import Champion
from tests.unit.reporting.results import evidence_of, result_of
from tests.unit.training.builders import champion_record

CHAMPION = Champion.model_validate(champion_record(run_id="champ", model_sha256="c" * 64))
DIFFERENCE = {"observed": -0.1, "low": -0.2, "high": -0.01, "not_better_share": 0.99, "worse_share": 0.99}


def revalidated(settings: Settings, identity: str, rival: str | None, days: int = 0, **changes: Any) -> None:
    comparison = None
    if rival is not None:
        comparison = {
            "champion_run_id": rival, "sharpe": None, "log_return": DIFFERENCE,
            "recommendation": changes.pop("recommendation"), "reason": "As seen.",
        }  # fmt: skip
    result = result_of(id=identity, evidence=evidence_of(comparison=comparison), **changes)
    result = result.model_copy(update={"created_at": result.created_at + timedelta(days=days)})
    write_json(settings.home.revalidation(identity) / RESULT_FILE, result.model_dump(mode="json"))


def said(settings: Settings) -> str | None:
    return advice(settings.home, CHAMPION, lambda identity: f"http://reports/{identity}")


def test_without_a_comparison_there_is_nothing_to_say(settings: Settings) -> None:
    assert said(settings) is None
    revalidated(settings, "alone", None)
    revalidated(settings, "others", "another", recommendation="promote")
    revalidated(settings, "elsewhere", "champ", recommendation="promote", system="shadow")
    assert said(settings) is None


@pytest.mark.parametrize(
    ("recommendation", "words"),
    [
        ("promote", "promote it"),
        ("hold", "hold, the champion stays"),
        ("roll_back", "do not promote it"),
    ],
)
def test_a_challenger_is_advised_against_the_champion(settings: Settings, recommendation: str, words: str) -> None:
    revalidated(settings, "r1", "champ", recommendation=recommendation, run_id="new")
    assert said(settings) == f"⚖️ new against the champion: {words}. As seen. Report: http://reports/r1"


def test_a_champion_that_lost_to_the_one_before_is_to_be_rolled_back(settings: Settings) -> None:
    revalidated(settings, "r1", "before", recommendation="roll_back", run_id="champ", model_sha256="c" * 64)
    assert said(settings) == "⚖️ The champion against before: roll back to before. As seen. Report: http://reports/r1"


def test_the_newest_comparison_counts_whatever_was_judged_alone_since(settings: Settings) -> None:
    revalidated(settings, "newer", "champ", 2, recommendation="promote", run_id="new")
    revalidated(settings, "older", "champ", 1, recommendation="roll_back", run_id="old")
    revalidated(settings, "alone", None, 3)
    line = said(settings)
    assert line is not None
    assert "http://reports/newer" in line
