import numpy as np

from include.features.kernels.structure import breaks, structure


def _breaks(close, swings, delay=1):
    price = np.array(close)
    rows = np.array([row for row, _ in swings], dtype=np.int64)
    kinds = np.array([kind for _, kind in swings], dtype=np.int8)
    at, direction, broken = breaks(price, price, price, rows, kinds, delay)
    return list(zip(at.tolist(), direction.tolist(), broken.tolist(), strict=True))


def test_the_first_close_beyond_a_known_swing_breaks_it_once():
    assert _breaks([1.0, 5.0, 3.0, 5.0, 6.0, 7.0], [(1, 1)]) == [(4, 1, 1)]
    assert _breaks([5.0, 1.0, 3.0, 1.0, 0.5, 0.4], [(1, -1)]) == [(4, -1, 1)]


def test_a_swing_that_is_not_known_yet_is_not_broken():
    assert _breaks([1.0, 5.0, 6.0, 4.0, 7.0], [(1, 1)], delay=3) == [(4, 1, 1)]


def test_only_the_newest_swing_of_a_kind_can_be_broken():
    # the high at 3 stands lower than that at 1, which nobody asks about any more
    assert _breaks([1.0, 9.0, 3.0, 5.0, 2.0, 6.0, 9.5], [(1, 1), (3, 1)]) == [(5, 1, 3)]


def test_a_break_along_the_trend_is_a_bos_and_one_against_it_a_choch():
    out = np.empty((5, 6))
    # up, up, down, down, up
    structure(np.array([1, 2, 3, 4, 5]), np.array([1, 1, -1, -1, 1], dtype=np.int8), 2, out)
    trend, bos_up, bos_down, choch_up, choch_down = out
    np.testing.assert_array_equal(trend, [0, 1, 1, -1, -1, 1])
    # 2 / (2 + age): 1, 2/3, 1/2, 2/5 of its row and the three after it
    np.testing.assert_array_equal(bos_up, [0, 1, 1, 2 / 3, 2 / 4, 2 / 5])
    np.testing.assert_array_equal(choch_down, [0, 0, 0, 1, 2 / 3, 2 / 4])
    np.testing.assert_array_equal(bos_down, [0, 0, 0, 0, 1, 2 / 3])
    np.testing.assert_array_equal(choch_up, [0, 0, 0, 0, 0, 1])
