"""The splitters against skfolio, against the distances they promise, and by hand."""

from collections.abc import Iterable
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skfolio.model_selection import CombinatorialPurgedCV, WalkForward

from include.config.system import load_system
from include.core.errors import InvalidInputError
from include.evaluation.cross_validation import (
    Fold,
    combinatorial,
    hold_out,
    parts_of_paths,
    path_count,
    paths,
    walk_forward,
    windows_of,
)
from include.features.splits import calendar_splits

HOUR4 = 14_400_000


def rows(candles: int) -> np.ndarray:
    return np.zeros((candles, 1))


def rows_of(spans: Iterable[range]) -> np.ndarray:
    return np.concatenate([np.arange(span.start, span.stop) for span in spans])


@pytest.mark.parametrize("is_anchored", [True, False])
@pytest.mark.parametrize(("train", "test", "purge"), [(100, 40, 0), (100, 40, 7), (53, 1, 2)])
def test_walking_forward_is_that_of_skfolio(train: int, test: int, purge: int, is_anchored: bool) -> None:
    candles = train + purge + 5 * test
    peer = WalkForward(test_size=test, train_size=train, purged_size=purge, expand_train=is_anchored)
    ours = walk_forward(candles, train=train, test=test, purge=purge, is_anchored=is_anchored)
    theirs = list(peer.split(rows(candles)))
    assert len(ours) == len(theirs) == 5
    for fold, (train_rows, test_rows) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(rows_of(fold.train), train_rows)
        np.testing.assert_array_equal(rows_of(fold.test), test_rows)


@pytest.mark.parametrize(
    ("candles", "groups", "tested", "purge", "embargo"),
    [(120, 6, 2, 0, 0), (127, 6, 2, 3, 4), (1_000, 10, 8, 11, 7), (500, 5, 2, 20, 40), (61, 6, 5, 2, 3)],
)
def test_combinatorial_folds_and_paths_are_those_of_skfolio(
    candles: int, groups: int, tested: int, purge: int, embargo: int
) -> None:
    peer = CombinatorialPurgedCV(n_folds=groups, n_test_folds=tested, purged_size=purge, embargo_size=embargo)
    ours = combinatorial(candles, groups=groups, tested=tested, purge=purge, embargo=embargo)
    theirs = list(peer.split(rows(candles)))
    assert len(ours) == len(theirs) == peer.n_splits
    assert path_count(groups, tested) == peer.n_test_paths
    for fold, (train_rows, test_parts) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(rows_of(fold.train), train_rows)
        for span, part in zip(fold.test, test_parts, strict=True):
            np.testing.assert_array_equal(rows_of([span]), part)
    np.testing.assert_array_equal(paths(groups, tested).T, peer.recombined_paths)


PLANS = st.integers(2, 7).flatmap(
    lambda groups: st.tuples(st.just(groups), st.integers(1, groups - 1), st.integers(0, 6), st.integers(0, 6))
)


@given(plan=PLANS, candles=st.integers(150, 260))
def test_every_candle_trains_but_those_within_reach_of_a_tested_one(
    plan: tuple[int, int, int, int], candles: int
) -> None:
    groups, tested, purge, embargo = plan
    for fold in combinatorial(candles, groups=groups, tested=tested, purge=purge, embargo=embargo):
        train, test = rows_of(fold.train), rows_of(fold.test)
        everyone = np.setdiff1d(np.arange(candles), test)
        reach = test[None] - everyone[:, None]
        too_near = ((reach > 0) & (reach <= purge)) | ((reach < 0) & (-reach <= purge + embargo))
        np.testing.assert_array_equal(train, everyone[~too_near.any(axis=1)])


@given(
    candles=st.integers(1, 400),
    train=st.integers(1, 80),
    test=st.integers(1, 60),
    purge=st.integers(0, 20),
    is_anchored=st.booleans(),
)
def test_walking_forward_never_trains_on_what_follows(
    candles: int, train: int, test: int, purge: int, is_anchored: bool
) -> None:
    if candles < train + purge + test:
        with pytest.raises(InvalidInputError, match=f"`candles` must be at least {train + purge + test}"):
            walk_forward(candles, train=train, test=test, purge=purge, is_anchored=is_anchored)
        return
    folds = walk_forward(candles, train=train, test=test, purge=purge, is_anchored=is_anchored)
    for fold in folds:
        assert rows_of(fold.test)[0] - rows_of(fold.train)[-1] == purge + 1
        assert len(rows_of(fold.train)) >= train
    tested = np.concatenate([rows_of(fold.test) for fold in folds])
    np.testing.assert_array_equal(tested, np.arange(candles - test * len(folds), candles))


def test_six_groups_two_tested_make_fifteen_folds_and_five_paths() -> None:
    # the example of "Advances in financial machine learning", figure 12.1
    folds = combinatorial(600, groups=6, tested=2, purge=0, embargo=0)
    assert (len(folds), path_count(6, 2)) == (15, 5)
    assert path_count(6, 2) == 2 * comb(6, 2) // 6
    first = paths(6, 2)[0].tolist()
    assert first == [0, 0, 1, 2, 3, 4]


def test_a_path_goes_through_the_whole_history_once_and_uses_no_result_twice() -> None:
    folds = combinatorial(100, groups=5, tested=3, purge=2, embargo=1)
    # each candle says which fold it is from
    found = [[1_000 * number + rows_of([span]) for span in fold.test] for number, fold in enumerate(folds)]
    walked = np.array([np.concatenate([found[fold][place] for fold, place in path]) for path in parts_of_paths(5, 3)])
    assert walked.shape == (6, 100)
    np.testing.assert_array_equal(walked % 1_000, np.tile(np.arange(100), (6, 1)))
    assert len(np.unique(walked)) == walked.size == sum(len(rows_of(fold.test)) for fold in folds)


def test_purge_and_embargo_by_hand() -> None:
    (fold,) = [fold for fold in combinatorial(40, groups=4, tested=1, purge=2, embargo=3) if fold.test[0].start == 10]
    assert fold == Fold(train=(range(8), range(25, 40)), test=(range(10, 20),))


def test_a_fold_is_held_out_as_a_dataset_is_split() -> None:
    config = load_system("phase4").splits
    candles, start = 2_000, 1_700_000_000_000 // HOUR4 * HOUR4
    purge = config.embargo_candles
    newest = walk_forward(candles, train=1_000, test=config.test_candles, purge=purge, is_anchored=True)[-1]
    train, validation = hold_out(newest, validation=config.validation_candles, purge=purge)
    windows = windows_of([*train, validation, *newest.test], start, HOUR4)
    expected = calendar_splits(start, start + candles * HOUR4, HOUR4, config)
    assert dict(zip(expected, windows, strict=True)) == expected


def test_what_is_held_out_is_the_newest_of_several_ranges() -> None:
    fold = Fold(train=(range(20), range(30, 50)), test=(range(22, 28),))
    assert hold_out(fold, validation=5, purge=2) == ((range(20), range(30, 43)), range(45, 50))
    # a range that validation takes whole trains nothing
    assert hold_out(fold, validation=19, purge=2) == ((range(20),), range(31, 50))


def test_windows_are_half_open_ranges_of_open_times() -> None:
    (window,) = windows_of([range(2, 5)], start_ms=0, step_ms=HOUR4)
    assert (window.start.isoformat(), window.end.isoformat()) == (
        "1970-01-01T08:00:00+00:00",
        "1970-01-01T20:00:00+00:00",
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"purge": -1}, "`purge` must be at least 0, was -1"),
        ({"embargo": -2}, "`embargo` must be at least 0, was -2"),
        ({"tested": 5}, "`tested` must be 1 to 4"),
        ({"purge": 8, "embargo": 4}, "2·`purge` \\+ `embargo` must be less than a group of 20 candles, was 20"),
    ],
)
def test_what_cannot_be_split_is_refused(wrong: dict[str, int], message: str) -> None:
    plan = {"groups": 5, "tested": 2, "purge": 1, "embargo": 1} | wrong
    with pytest.raises(InvalidInputError, match=message):
        combinatorial(100, **plan)


@pytest.mark.parametrize("validation", [8, 12])
def test_a_fold_without_room_to_hold_out_is_refused(validation: int) -> None:
    fold = Fold(train=(range(10),), test=(range(12, 20),))
    with pytest.raises(InvalidInputError, match=f"less than the 10 candles .* was {validation + 2}. Hint"):
        hold_out(fold, validation=validation, purge=2)
