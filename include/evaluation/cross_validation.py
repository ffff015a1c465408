"""Which candles train and which test, more than once: walk-forward and combinatorial purged cross-validation.

Everything is counted in candles of the calendar that all symbols share, so that a fold cuts every symbol at the same
time. Training and playing the folds does not belong here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from include.core.clock import from_ms
from include.core.errors import InvalidInputError
from include.features.dataset import Window

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """Candles of one training and of its test, as ascending ranges that do not touch.

    Attributes
    ----------
    train, test : tuple of range
        Candles counted from the oldest one, 0.
    """

    train: tuple[range, ...]
    test: tuple[range, ...]


def walk_forward(candles: int, *, train: int, test: int, purge: int, is_anchored: bool) -> tuple[Fold, ...]:
    """Return folds that train on the past and test on what follows, oldest first.

    Tests follow on each other without a gap and end at the newest candle; what is left over lies at the start.

    Parameters
    ----------
    candles : int
        Length of the history.
    train : int
        Candles of each training; of the first and shortest one where anchored.
    test : int
        Candles of each test.
    purge : int
        Candles between a training and its test: the longest that an outcome seen in training reaches ahead.
    is_anchored : bool
        Every training begins at candle 0 and grows; else it rolls along.

    Raises
    ------
    InvalidInputError
        A number out of range, or no room for one fold.
    """
    _at_least("train", train, 1)
    _at_least("test", test, 1)
    _at_least("purge", purge, 0)
    count = (candles - train - purge) // test
    if count < 1:
        raise InvalidInputError(
            f"`candles` must be at least {train + purge + test} (train + purge + test), was {candles}: "
            "fetch more candles or ask for shorter folds."
        )
    starts = [candles - test * left for left in range(count, 0, -1)]
    return tuple(
        Fold(
            train=(range(0 if is_anchored else start - purge - train, start - purge),),
            test=(range(start, start + test),),
        )
        for start in starts
    )


def combinatorial(candles: int, *, groups: int, tested: int, purge: int, embargo: int) -> tuple[Fold, ...]:
    """Return the folds of combinatorial purged cross-validation, one for each choice of tested groups.

    The history is cut into groups of equal length, the last one longer where it does not divide. Each choice of
    `tested` groups is a test, all other candles train, but for those too near to a tested one: `purge` candles before
    it, whose outcomes reach into it, and `purge + embargo` candles after it, into which its own outcomes reach and
    whose features look back at it (López de Prado, "Advances in financial machine learning", 2018, chapters 7 and 12).

    Parameters
    ----------
    candles : int
        Length of the history.
    groups, tested : int
        N and k, 1 ≤ k < N.
    purge, embargo : int
        Candles; 2·purge + embargo are less than a group, so that one between two tested groups still trains.

    Returns
    -------
    tuple of Fold
        C(N, k) folds; tested groups in lexicographic order, one range per group, neighbours too.

    Raises
    ------
    InvalidInputError
        A number out of range.
    """
    _at_least("purge", purge, 0)
    _at_least("embargo", embargo, 0)
    _check_groups(groups, tested)
    length = candles // groups
    if 2 * purge + embargo >= length:
        raise InvalidInputError(
            f"2·`purge` + `embargo` must be less than a group of {length} candles, was {2 * purge + embargo}: "
            "ask for fewer groups or fetch more candles."
        )
    bounds = [*range(0, length * groups, length), candles]
    spans = [range(bounds[i], bounds[i + 1]) for i in range(groups)]
    return tuple(
        Fold(train=_remaining(candles, chosen, purge, embargo), test=chosen) for chosen in combinations(spans, tested)
    )


def path_count(groups: int, tested: int) -> int:
    """Return how many times the folds cover the whole history: k/N·C(N, k) = C(N − 1, k − 1)."""
    _check_groups(groups, tested)
    return comb(groups - 1, tested - 1)


def paths(groups: int, tested: int) -> Numbers:
    """Return which fold tests each group on each path, int64 (`path_count`, groups).

    A path goes once through the whole history, each group played by a model that did not train on it. Path j takes for
    every group the j-th fold that tests it, so no result is used twice.
    """
    _check_groups(groups, tested)
    chosen = np.array(list(combinations(range(groups), tested)))
    return np.array([np.flatnonzero((chosen == group).any(axis=1)) for group in range(groups)]).T


def parts_of_paths(groups: int, tested: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Return what each path of `paths` is made of, group after group: (fold, place of the group among its tests)."""
    chosen = tuple(combinations(range(groups), tested))
    return tuple(
        tuple((fold, chosen[fold].index(group)) for group, fold in enumerate(path))
        for path in paths(groups, tested).tolist()
    )


def hold_out(fold: Fold, *, validation: int, purge: int) -> tuple[tuple[range, ...], range]:
    """Return what is left for training and the newest training candles, on which a checkpoint is chosen.

    Parameters
    ----------
    fold : Fold
        Of either scheme.
    validation, purge : int
        Candles to hold out, and between them and those that train.

    Raises
    ------
    InvalidInputError
        The newest training range has no room for them.
    """
    _at_least("validation", validation, 1)
    _at_least("purge", purge, 0)
    *earlier, newest = fold.train
    cut = newest.stop - validation
    left = range(newest.start, cut - purge)
    if cut < newest.start or not (len(left) or earlier):
        raise InvalidInputError(
            f"`validation` + `purge` must be less than the {len(newest)} candles of the newest training range, "
            f"was {validation + purge}. Hint: fewer folds or groups make longer ones, fewer validation or purge "
            "candles leave more."
        )
    return (*earlier, *((left,) if len(left) else ())), range(cut, newest.stop)


def windows_of(spans: Iterable[range], start_ms: int, step_ms: int) -> tuple[Window, ...]:
    """Return the half-open windows of open times of `spans`; candle 0 opens at `start_ms`, each lasts `step_ms`."""
    return tuple(
        Window(start=from_ms(start_ms + span.start * step_ms), end=from_ms(start_ms + span.stop * step_ms))
        for span in spans
    )


def _remaining(candles: int, chosen: Sequence[range], purge: int, embargo: int) -> tuple[range, ...]:
    found: list[range] = []
    start = 0
    for span in chosen:
        found.append(range(start, span.start - purge))
        start = span.stop + purge + embargo
    found.append(range(start, candles))
    # between neighbours, and at the ends of the history, nothing is left
    return tuple(span for span in found if len(span))


def _check_groups(groups: int, tested: int) -> None:
    if not 1 <= tested < groups:
        raise InvalidInputError(f"`tested` must be 1 to {groups - 1}, one less than `groups`, was {tested}.")


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise InvalidInputError(f"`{name}` must be at least {least}, was {value}.")
