"""Folds trained for real, chained into paths, and what is written about them."""

import base64
import hashlib
import html
import json
from pathlib import Path

import numpy as np
import pytest

from include.config.settings import Settings
from include.core.errors import MissingInputError
from include.evaluation.chaining import read_replays
from include.reporting.cross_validation import collect
from include.reporting.cross_validation_result import (
    FIGURE_FILE,
    MARKDOWN_FILE,
    PAGE_FILE,
    CrossValidationResult,
    read_cross_validation,
    sentence,
    spread_of,
)
from include.reporting.desk import RunFilter, desk_page
from include.reporting.listings import cross_validations
from include.training.fold_records import FoldResult, Plan, result_file
from include.training.fold_run import run_fold
from tests.support.folds import REQUEST, planned_in, settings_of


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def planned(settings: Settings) -> Plan:
    return planned_in(settings)


@pytest.fixture(scope="module")
def folds(settings: Settings, planned: Plan) -> list[FoldResult]:
    return [run_fold(settings, planned.id, fold.number) for fold in planned.folds]


@pytest.fixture(scope="module")
def result(settings: Settings, planned: Plan, folds: list[FoldResult]) -> CrossValidationResult:
    assert len(folds) == 3
    return collect(settings, planned.id)


def test_paths_need_every_fold(settings: Settings) -> None:
    planned = planned_in(settings, REQUEST.model_copy(update={"purge_candles": 6}))
    with pytest.raises(MissingInputError, match=r"Fold 0 of cross-validation `\w+` has no result. Hint: run it first"):
        collect(settings, planned.id)


def test_a_path_is_the_returns_of_its_folds_one_after_the_other(
    settings: Settings, planned: Plan, result: CrossValidationResult
) -> None:
    assert [path.folds for path in result.paths] == [(0, 0, 1), (1, 2, 2)]
    played = [read_replays(result_file(settings, planned.id, n).with_suffix(".npz")) for n in range(3)]
    curves = [played[0][0].equity[0], played[0][1].equity[0], played[1][1].equity[0]]
    returns = np.concatenate([curve[1:] / curve[:-1] - 1 for curve in curves])
    first = result.paths[0].metrics
    assert first["total_return"] == pytest.approx(np.prod(1 + returns) - 1)
    assert first["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1) * np.sqrt(2_190))
    assert first["trades"] == sum(len(part.nets) for part in (played[0][0], played[0][1], played[1][1]))
    assert [gate.name for gate in result.paths[0].gates.results][:2] == ["sharpe", "max_drawdown"]


def test_the_summary_counts_paths_and_spreads_their_ratios(result: CrossValidationResult) -> None:
    ratios = [path.metrics["sharpe"] for path in result.paths]
    assert (result.sharpe.low, result.sharpe.high) == (min(ratios), max(ratios))
    assert sum(result.decisions.values()) == 2
    assert "3 trainings, each tested on candles it did not see. Of 2 paths through the history, 2 NO-GO." in sentence(
        result
    )
    assert spread_of([None, None]).mean is None
    assert spread_of([None, 2.0]).count == 1


def test_the_report_is_whole_offline_and_says_what_was_kept_apart(
    settings: Settings, planned: Plan, result: CrossValidationResult
) -> None:
    folder: Path = settings.home.cross_validation_report(planned.id)
    assert read_cross_validation(folder) == result
    page = html.unescape((folder / PAGE_FILE).read_text())
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")
    # the policy lets this style through, to the letter
    style = (folder / PAGE_FILE).read_text().partition("<style>")[2].partition("</style>")[0]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in page
    assert "purge 5, embargo 5 candles" in page
    assert (folder / FIGURE_FILE).read_bytes().startswith(b"\x89PNG")
    rows = [line for line in (folder / MARKDOWN_FILE).read_text().splitlines() if line.startswith("|")]
    widths = [len(row.split(" | ")) for row in rows]
    # two tables: paths and buy and hold, then six tests of three folds
    assert len(rows) == (2 + 2 + 1) + (2 + 6)
    assert len(set(widths[5:])) == 1
    assert json.loads((folder / "cross_validation.json").read_text())["paths"][0]["number"] == 0


def test_the_desk_lists_it(settings: Settings, result: CrossValidationResult) -> None:
    broken = settings.home.cross_validation_report("broken")
    broken.mkdir(parents=True)
    html = desk_page(settings, result.created_at, RunFilter())
    assert f'href="reports/cross_validation/{result.id}/cross_validation.html"' in html
    (line,) = cross_validations(settings.home, 5).lines
    assert (line.id, line.decisions, line.sharpe.mean) == (result.id, result.decisions, result.sharpe.mean)
