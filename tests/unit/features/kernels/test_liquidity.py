import numpy as np
import pytest

from include.features.kernels.liquidity import pools


def _pools(high, swings, tolerance=1.0, delay=1, memory=100):
    rows = np.array(swings, dtype=np.int64)
    found = pools(np.array(high, dtype=float), rows, rows + delay, np.full(len(swings), tolerance), memory)
    return [tuple(values) for values in zip(*(column.tolist() for column in found), strict=True)]


def test_two_highs_at_about_one_level_make_a_pool_once_the_second_is_known():
    # first, last, opened, closed, level
    assert _pools([1, 10, 1, 10.5, 1, 1], [1, 3]) == [(1, 3, 4, 6, 10.25)]


def test_one_high_is_no_pool_and_neither_are_two_far_apart():
    assert _pools([1, 10, 1, 1], [1]) == []
    assert _pools([1, 10, 1, 8.9, 1, 1], [1, 3]) == []


def test_a_third_high_opens_the_pool_anew_at_the_mean_of_all():
    found = _pools([1, 10, 1, 10.5, 1, 9.5, 1, 1], [1, 3, 5])
    assert found == [(1, 3, 4, 6, 10.25), (1, 5, 6, 8, 10.0)]


def test_a_high_at_the_far_end_of_the_band_sweeps_the_pool():
    assert _pools([1, 10, 1, 10.5, 1, 10.9, 11, 1], [1, 3]) == [(1, 3, 4, 6, 10.25)]


def test_nothing_joins_a_level_that_was_swept_before():
    assert _pools([1, 10, 1, 11.5, 1, 10, 1, 1], [1, 5]) == []


def test_the_oldest_level_within_reach_takes_the_high():
    # 9.2 lies within 1 of 10 and of 8.5
    found = _pools([1, 10, 1, 8.5, 1, 9.2, 1], [1, 3, 5])
    assert [(first, last) for first, last, *_ in found] == [(1, 5)]


@pytest.mark.parametrize(("memory", "count"), [(3, 1), (2, 0)])
def test_nothing_joins_a_level_beyond_its_memory(memory, count):
    assert len(_pools([1, 10, 1, 10.5, 1], [1, 3], memory=memory)) == count


def test_known_at_once_a_swing_is_not_swept_by_its_own_candle():
    assert _pools([1, 10, 1, 10, 1], [1, 3], tolerance=0.0, delay=0) == []
    assert _pools([1, 10, 1, 9.5, 1], [1, 3], delay=0) == [(1, 3, 3, 5, 9.75)]
