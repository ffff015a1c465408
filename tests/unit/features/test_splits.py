from datetime import timedelta

import numpy as np
import pytest

from include.config.system import SplitConfig, load_system
from include.core.clock import from_ms, to_ms
from include.core.errors import DataQualityError, InvalidInputError
from include.features.splits import calendar_splits, common_end, rows_within, shortfall
from tests.unit.features.samples import START_MS, STEP_MS

PHASE4 = load_system("phase4").splits
SMALL = SplitConfig(test_candles=5, validation_candles=3, embargo_candles=2, min_train_candles=4)


def test_windows_count_back_from_the_end_with_an_embargo_between_them():
    splits = calendar_splits(START_MS, START_MS + 20 * STEP_MS, STEP_MS, SMALL)
    edges = {name: [(to_ms(t) - START_MS) // STEP_MS for t in (w.start, w.end)] for name, w in splits.items()}
    assert edges == {"train": [0, 8], "validation": [10, 13], "test": [15, 20]}


@pytest.mark.parametrize("candles", [1591, 1592, 3000])
@pytest.mark.parametrize("step", [60_000, STEP_MS])
def test_gaps_between_windows_are_the_embargo_in_any_timeframe(candles, step):
    splits = calendar_splits(0, candles * step, step, PHASE4)
    embargo = timedelta(milliseconds=PHASE4.embargo_candles * step)
    assert splits["validation"].start - splits["train"].end == embargo
    assert splits["test"].start - splits["validation"].end == embargo
    times = np.arange(candles) * step
    rows = {name: rows_within(times, window) for name, window in splits.items()}
    assert [r.stop - r.start for r in rows.values()] == [candles - 500 - 200 - 84, 200, 500]


def test_no_candle_is_in_two_windows_and_the_last_is_in_the_test():
    times = START_MS + STEP_MS * np.arange(40)
    splits = calendar_splits(START_MS, int(times[-1]) + STEP_MS, STEP_MS, SMALL)
    seen = [t for window in splits.values() for t in times[rows_within(times, window)].tolist()]
    assert len(seen) == len(set(seen)) == 40 - 4
    assert seen[-1] == times[-1]


def test_history_too_short_for_any_training_is_refused():
    with pytest.raises(DataQualityError, match=r"History must start before 2024-01-01 00:00 UTC"):
        calendar_splits(START_MS, START_MS + 12 * STEP_MS, STEP_MS, SMALL)


@pytest.mark.parametrize(
    ("last", "end"), [([7], 8), ([7, 5], 8), ([7, 5, 5], 6), ([7, 7, 3], 8), ([9, 7, 7, 1], 8), ([1, 1, 1, 9], 2)]
)
def test_the_end_is_the_newest_candle_that_half_of_the_symbols_have(last, end):
    assert common_end(last, 1) == end


def test_the_end_of_nothing_is_refused():
    with pytest.raises(InvalidInputError, match="at least one symbol"):
        common_end([], 1)


@pytest.mark.parametrize(
    ("removed", "reason"),
    [
        ([], None),
        (range(4), None),
        (range(5), "3 train candles, needs 4"),
        ([10], "2 validation candles, needs 3"),
        ([19], "4 test candles, needs 5"),
        # those of the embargo belong to nobody
        ([8, 9, 13, 14], None),
    ],
)
def test_a_shortfall_names_the_first_part_that_is_too_short(removed, reason):
    splits = calendar_splits(START_MS, START_MS + 20 * STEP_MS, STEP_MS, SMALL)
    times = np.delete(START_MS + STEP_MS * np.arange(20), list(removed))
    assert shortfall(times, splits, SMALL) == reason


def test_windows_are_instants_in_utc():
    splits = calendar_splits(START_MS, START_MS + 20 * STEP_MS, STEP_MS, SMALL)
    assert splits["train"].start == from_ms(START_MS)
    assert splits["test"].end.utcoffset() == timedelta(0)
