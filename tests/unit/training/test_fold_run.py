"""Folds trained for real in a home of their own, tested on what they did not see."""

import os
import signal
from pathlib import Path

import pytest

from include.config.settings import Settings
from include.core.errors import InvalidInputError, StoppedError
from include.evaluation.trial_ledger import TrialLedger
from include.evaluation.trials import ScoredWindow
from include.training.fold_records import FoldResult, Plan, read_fold, result_file
from include.training.fold_run import run_fold
from include.training.runs import all_runs, read_run
from tests.support.folds import planned_in, settings_of


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def planned(settings: Settings) -> Plan:
    return planned_in(settings)


@pytest.fixture(scope="module")
def told() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture(scope="module")
def folds(settings: Settings, planned: Plan, told: list[tuple[str, int, int]]) -> list[FoldResult]:
    def note(*call: object) -> None:
        told.append(call)  # type: ignore[arg-type]

    return [run_fold(settings, planned.id, fold.number, progress=note) for fold in planned.folds]


def test_progress_names_the_fold(folds: list[FoldResult], told: list[tuple[str, int, int]]) -> None:
    assert list(dict.fromkeys(label for label, _, _ in told)) == [f"fold {n + 1} of {len(folds)}" for n in range(3)]


def test_an_unknown_fold_is_refused(settings: Settings, planned: Plan) -> None:
    with pytest.raises(InvalidInputError, match="`number` must be 0 to 2, was 3"):
        run_fold(settings, planned.id, 3)


def test_each_fold_trained_on_its_own_candles(settings: Settings, planned: Plan, folds: list[FoldResult]) -> None:
    own = settings.model_copy(update={"home_path": settings.home.cross_validation(planned.id) / "home"})
    for fold in folds:
        run = read_run(own.home.run(fold.run_id))
        assert (run.status, run.dataset_id, run.timesteps) == ("finished", fold.dataset_id, fold.timesteps)
    assert len({fold.dataset_id for fold in folds}) == 3
    # they are nobody's latest run
    assert all_runs(settings.home, "phase4") == []


def test_a_fold_with_a_result_is_not_trained_again(settings: Settings, planned: Plan, folds: list[FoldResult]) -> None:
    file = result_file(settings, planned.id, 1)
    written = file.stat().st_mtime_ns
    assert run_fold(settings, planned.id, 1) == folds[1] == read_fold(settings, planned.id, 1)
    assert file.stat().st_mtime_ns == written


def test_every_tested_window_stands_in_the_ledger(settings: Settings, planned: Plan, folds: list[FoldResult]) -> None:
    for fold in folds:
        for test in fold.tests:
            window = ScoredWindow(system="phase4", timeframe="4h", start=test.window.start, end=test.window.end)
            scored = TrialLedger(settings.home.trials).scored_on(window, "cross_validation")
            mine = [one for one in scored if one.trial.candidate == fold.model_sha256 and one.trial.window == window]
            assert len(mine) == 1
            assert mine[0].trial.total_return == test.metrics["total_return"]


def test_a_fold_that_was_stopped_has_no_result_and_goes_on(
    settings: Settings, planned: Plan, folds: list[FoldResult], tmp_path: Path
) -> None:
    other = settings.model_copy(update={"home_path": tmp_path})
    assert planned_in(other) == planned
    with pytest.raises(StoppedError, match=r"Fold 1 of 3 was stopped at step \d+ of 256. Hint: run it again"):
        run_fold(other, planned.id, 0, progress=lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    assert not result_file(other, planned.id, 0).exists()
    again = run_fold(other, planned.id, 0)
    assert again.model_copy(update={"seconds": folds[0].seconds}) == folds[0]
