"""A history cut into folds: inside what a dataset may show, apart from each other, written once."""

from pathlib import Path

import pytest

from include.config.cross_validation import CrossValidationRequest
from include.config.settings import ENV_FILE, Settings, load_settings
from include.config.system import load_system
from include.core.clock import to_ms
from include.core.errors import InvalidInputError, MissingInputError
from include.features.dataset import Window
from include.training.fold_plan import plan
from include.training.fold_records import PLAN_FILE, read_plan
from tests.support.datasets import STEP_MS, dataset_of, martingale

DATASET = dataset_of(martingale("BTC/USDT:USDT", 2_000, 1), martingale("ETH/USDT:USDT", 2_000, 2))
SYSTEM = load_system("phase4")
COMBINATORIAL = CrossValidationRequest(scheme="combinatorial", groups=4, validation_candles=60, embargo_candles=9)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv(ENV_FILE, "")
    monkeypatch.setenv("PERPETUA_HOME", str(tmp_path))
    return load_settings()


def candles(window: Window) -> int:
    return (to_ms(window.end) - to_ms(window.start)) // STEP_MS


@pytest.mark.parametrize("request_", [CrossValidationRequest(), COMBINATORIAL])
def test_the_sealed_window_is_in_no_fold(settings: Settings, request_: CrossValidationRequest) -> None:
    planned = plan(settings, SYSTEM, DATASET, request_)
    sealed = DATASET.info.splits["test"].start
    for fold in planned.folds:
        assert max(window.end for window in (*fold.train, fold.validation, *fold.tests)) < sealed
    assert planned.history == Window(
        start=DATASET.info.splits["train"].start, end=DATASET.info.splits["validation"].end
    )


def test_walking_forward_halves_the_history_and_shares_the_rest(settings: Settings) -> None:
    planned = plan(settings, SYSTEM, DATASET, CrossValidationRequest(folds=3))
    # 2,000 − 500 of the test − 42 before it
    assert planned.candles == 1_458
    assert [candles(fold.tests[0]) for fold in planned.folds] == [(729 - 42) // 3] * 3
    assert planned.folds[-1].tests[0].end == planned.history.end
    for fold in planned.folds:
        (train,), (test,) = fold.train, fold.tests
        assert candles(Window(start=train.end, end=fold.validation.start)) == 42
        assert candles(Window(start=fold.validation.end, end=test.start)) == 42
        assert candles(fold.validation) == 200
        assert candles(Window(start=train.start, end=fold.validation.end)) == 729


def test_anchored_trainings_begin_at_the_oldest_candle(settings: Settings) -> None:
    planned = plan(settings, SYSTEM, DATASET, CrossValidationRequest(is_anchored=True))
    assert {fold.train[0].start for fold in planned.folds} == {planned.history.start}
    assert len({fold.validation.end for fold in planned.folds}) == 4


def test_groups_are_tested_in_every_choice_and_kept_apart(settings: Settings) -> None:
    planned = plan(settings, SYSTEM, DATASET, COMBINATORIAL)
    assert (len(planned.folds), planned.groups, planned.tested, planned.embargo_candles) == (6, 4, 2, 9)
    for fold in planned.folds:
        for test in fold.tests:
            for learned in (*fold.train, fold.validation):
                after = (to_ms(learned.start) - to_ms(test.end)) // STEP_MS
                before = (to_ms(test.start) - to_ms(learned.end)) // STEP_MS
                assert before >= 42 or after >= 42 + 9


def test_a_plan_is_written_once_and_read_back(settings: Settings) -> None:
    planned = plan(settings, SYSTEM, DATASET, COMBINATORIAL)
    file = settings.home.cross_validation(planned.id) / PLAN_FILE
    written = file.stat().st_mtime_ns
    assert plan(settings, SYSTEM, DATASET, COMBINATORIAL) == planned == read_plan(settings, planned.id)
    assert file.stat().st_mtime_ns == written


def test_another_seed_gate_or_cut_is_another_plan(settings: Settings) -> None:
    seeded = load_system("phase4", overrides={"training.seed": 7})
    stricter = SYSTEM.model_copy(update={"gates": SYSTEM.gates[:5]})
    plans = [
        plan(settings, SYSTEM, DATASET, CrossValidationRequest()),
        plan(settings, seeded, DATASET, CrossValidationRequest()),
        plan(settings, stricter, DATASET, CrossValidationRequest()),
        plan(settings, SYSTEM, DATASET, CrossValidationRequest(purge_candles=50)),
    ]
    assert len({planned.id for planned in plans}) == 4


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            CrossValidationRequest(train_candles=1_450),
            "`folds` must leave tests of at least 4 candles, was 4 with 0 of",
        ),
        (CrossValidationRequest(validation_candles=900), "`validation` \\+ `purge` must be less than the 732 candles"),
        (CrossValidationRequest(scheme="combinatorial", groups=20), "must be less than a group of 72 candles"),
    ],
)
def test_a_history_without_room_is_refused(settings: Settings, request_: CrossValidationRequest, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        plan(settings, SYSTEM, DATASET, request_)
    assert not settings.home.cross_validation("x").parent.exists()


def test_a_dataset_of_another_system_and_an_unknown_plan_are_refused(settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match="`dataset` must be one of system shadow"):
        plan(settings, load_system("shadow"), DATASET, CrossValidationRequest())
    with pytest.raises(MissingInputError, match="Cross-validation `0123` does not exist"):
        read_plan(settings, "0123")


def test_a_short_history_is_validated_on_half_of_its_room(settings: Settings) -> None:
    short = CrossValidationRequest(scheme="combinatorial", groups=7)
    planned = plan(settings, SYSTEM, DATASET, short)
    # groups of 208 candles; between two tested ones 208 − 2·42 − 42 = 82 are left, of which 42 are purged
    assert planned.validation_candles == 20
    assert {candles(fold.validation) for fold in planned.folds} == {20}
    assert plan(settings, SYSTEM, DATASET, CrossValidationRequest()).validation_candles == 200
