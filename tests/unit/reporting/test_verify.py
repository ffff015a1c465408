"""A bundle judged again finds what was recorded, and says where it does not."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from include.config.settings import Settings
from include.core.errors import IntegrityError, MissingInputError
from include.reporting.decision_bundle import BUNDLE_FILE, TRADES_FILE, VERSIONS_FILE, seal_bundle
from include.reporting.revalidate import revalidate
from include.reporting.verdict import RESULT_FILE, RevalidationResult
from include.reporting.verify import verify


@pytest.fixture(scope="module")
def judged(trained: tuple[Settings, Path]) -> tuple[RevalidationResult, Path]:
    settings, run_folder = trained
    result = revalidate(settings, run_folder)
    return result, settings.home.revalidation(result.id)


@pytest.fixture
def elsewhere(judged: tuple[RevalidationResult, Path], tmp_path: Path) -> Path:
    """The bundle alone, as another machine would get it."""
    return Path(shutil.copytree(judged[1], tmp_path / "from-elsewhere"))


def reseal(folder: Path, result: RevalidationResult) -> None:
    (folder / BUNDLE_FILE).unlink()
    seal_bundle(folder, result.id, result.created_at)


def test_the_bundle_alone_gives_the_same_verdict(elsewhere: Path) -> None:
    found = verify(elsewhere)
    assert [(check.name, check.passed) for check in found.checks.results] == [
        ("decision", True), ("evidence", True), ("gates", True), ("metrics", True), ("evidence_figures", True),
        ("trades", True),
    ]  # fmt: skip
    assert found.differing_trades == ()
    assert found.other_versions == {}


def test_a_trade_that_was_written_otherwise_is_listed(elsewhere: Path, judged: tuple[RevalidationResult, Path]) -> None:
    trades = pd.read_parquet(elsewhere / TRADES_FILE)
    trades.loc[0, "net_usd"] += 1.0
    trades.drop(index=1).to_parquet(elsewhere / TRADES_FILE, index=False)
    reseal(elsewhere, judged[0])
    found = verify(elsewhere)
    assert [trade["side"] for trade in found.differing_trades] == ["other result", "found only"]
    assert found.differing_trades[0]["symbol"] == trades.loc[0, "symbol"]
    assert not found.checks.passed


@pytest.mark.parametrize("field", ["decision", "metrics", "evidence_figures"])
def test_a_figure_that_was_written_otherwise_fails_its_check(
    elsewhere: Path, judged: tuple[RevalidationResult, Path], field: str
) -> None:
    document = json.loads((elsewhere / RESULT_FILE).read_text())
    if field == "decision":
        document["decision"] = "GO" if document["decision"] != "GO" else "NO-GO"
    elif field == "metrics":
        document["metrics"]["max_drawdown"] += 1e-4
    else:
        document["evidence"]["stress"]["late"]["total_return"] += 1e-4
    (elsewhere / RESULT_FILE).write_text(json.dumps(document))
    reseal(elsewhere, judged[0])
    failed = [check.name for check in verify(elsewhere).checks.failures]
    assert failed == [field]


def test_other_versions_are_named(elsewhere: Path, judged: tuple[RevalidationResult, Path]) -> None:
    recorded = json.loads((elsewhere / VERSIONS_FILE).read_text())
    (elsewhere / VERSIONS_FILE).write_text(json.dumps(recorded | {"numpy": "1.0"}))
    reseal(elsewhere, judged[0])
    assert verify(elsewhere).other_versions["numpy"].startswith("1.0, now ")


def test_an_edited_bundle_is_not_judged_at_all(elsewhere: Path, tmp_path: Path) -> None:
    (elsewhere / RESULT_FILE).write_text("{}")
    with pytest.raises(IntegrityError, match="not the one that was sealed"):
        verify(elsewhere)
    with pytest.raises(MissingInputError, match="no decision bundle"):
        verify(tmp_path)
