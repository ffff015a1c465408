import numpy as np

from include.features.kernels.blocks import order_blocks


def _blocks(low, breaks):
    at, broken = np.array([b[0] for b in breaks], dtype=np.int64), np.array([b[1] for b in breaks], dtype=np.int64)
    return [tuple(zone) for zone in np.array(order_blocks(np.array(low), at, broken)).T.tolist()]


def test_the_block_is_the_deepest_candle_between_swing_and_break():
    # break at 5 of the swing at 0: lows 3, 1, 2, 2 between; nothing comes below 1 again
    assert _blocks([5.0, 3, 1, 2, 2, 6, 4, 1], [(5, 0)]) == [(2, 5, 8)]


def test_of_equal_lows_the_newest_counts():
    assert _blocks([5.0, 3, 1, 2, 1, 6], [(5, 0)]) == [(4, 5, 6)]


def test_a_low_below_the_block_ends_it_and_touching_does_not():
    assert _blocks([5.0, 3, 1, 6, 1.0, 0.9, 0.5], [(3, 0)]) == [(2, 3, 5)]


def test_an_older_deeper_block_outlives_a_newer_one():
    zones = _blocks([5.0, 1, 6, 4, 7, 3, 0.5], [(2, 0), (4, 2)])
    assert zones == [(1, 2, 6), (3, 4, 5)]


def test_a_break_whose_candle_reaches_below_its_block_leaves_it_open():
    # only later candles end a block, as in the package
    assert _blocks([5.0, 3, 2, 6, 7], [(3, 0)]) == [(2, 3, 5)]
    assert _blocks([5.0, 3, 1, 0.5, 2], [(3, 0)]) == [(2, 3, 5)]
    # the next block lies lower then, and both end at once
    assert _blocks([5.0, 3, 1, 0.5, 2, 0.4], [(3, 0), (4, 1)]) == [(2, 3, 5), (3, 4, 5)]


def test_two_breaks_that_name_one_candle_make_one_block():
    assert _blocks([5.0, 6, 1, 7, 7, 7], [(4, 0), (5, 1)]) == [(2, 4, 6)]


def test_a_break_right_after_its_swing_has_no_candle_for_a_block():
    assert _blocks([5.0, 6, 1], [(1, 0)]) == []
