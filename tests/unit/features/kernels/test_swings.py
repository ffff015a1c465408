import numpy as np
import pytest

from include.features.kernels.swings import range_position, swing_points

#       0    1    2    3    4    5    6    7    8    9   10   11
PATH = [5.0, 6.0, 5.0, 7.0, 9.0, 8.0, 6.0, 4.0, 6.0, 7.0, 6.0, 5.0]


def _points(path, length=2):
    middle = np.array(path)
    rows, kinds = swing_points(middle + 0.5, middle - 0.5, length)
    return list(zip(rows.tolist(), kinds.tolist(), strict=True))


def test_a_swing_is_the_extreme_of_its_neighbours_on_both_sides():
    # 9 at row 4 tops 7 before it and 8, 6 after it; 4 at row 7; 7 at row 9
    assert _points(PATH) == [(4, 1), (7, -1), (9, 1)]


@pytest.mark.parametrize("rows", range(4, 12))
def test_a_swing_is_known_its_length_late_and_never_earlier(rows):
    expected = [(row, kind) for row, kind in ((4, 1), (7, -1), (9, 1)) if row + 2 < rows]
    assert _points(PATH[:rows]) == expected


def test_the_first_rows_have_none_for_want_of_a_past():
    # row 1 tops its neighbours, but 2 · length − 1 = 3 rows must come before
    assert _points([1.0, 9.0, 2.0, 1.5, 1.0, 3.0]) == []


def test_a_second_swing_of_the_kind_counts_only_when_more_extreme():
    # three highs without a low that is the lowest of two candles after it
    rising_tops = [0.0, 0.0, 0.0, 1.0, 5.0, 4.0, 4.5, 6.0, 5.5, 5.0, 3.0]
    high = np.array(rising_tops)
    low = -np.arange(11.0)
    rows, kinds = swing_points(high, low, 2)
    assert rows.tolist() == [4, 7]
    assert kinds.tolist() == [1, 1]
    high[4], high[7] = 6.0, 5.0
    assert swing_points(high, low, 2)[0].tolist() == [4]


def test_of_equal_highs_in_a_row_the_first_stands():
    high = np.array([0.0, 0.0, 0.0, 1.0, 5.0, 5.0, 1.0, 0.5, 0.2])
    rows, _ = swing_points(high, -np.arange(9.0), 2)
    assert rows.tolist() == [4]


def test_a_candle_that_is_both_counts_as_a_high():
    high = np.array([1.0, 1, 1, 1, 3, 1, 1])
    rows, kinds = swing_points(high, -high, 2)
    assert (rows.tolist(), kinds.tolist()) == ([4], [1])


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_a_short_series_has_no_swing(rows):
    assert swing_points(np.ones(rows), np.ones(rows), 2)[0].size == 0


def test_the_dealing_range_reaches_from_swing_to_swing_and_grows_with_the_price():
    close = np.array([5.0, 6.0, 4.0, 5.0, 5.0, 8.0])
    out = np.empty(6)
    rows, kinds = np.array([1, 2]), np.array([1, -1], dtype=np.int8)
    range_position(close, close, close, rows, kinds, 2, out)
    # without height 0.5; highest so far; lowest so far; then 4 … 6; at last 4 … 8
    np.testing.assert_array_equal(out, [0.5, 1.0, 0.0, 0.5, 0.5, 1.0])


def test_a_lower_swing_high_narrows_the_range_from_where_it_is_known():
    close = np.array([10.0, 2.0, 6.0, 4.0, 4.0, 4.0])
    out = np.empty(6)
    range_position(close, close, close, np.array([2]), np.array([1], dtype=np.int8), 2, out)
    # 2 … 10 until row 3, 2 … 6 from row 4 on
    np.testing.assert_array_equal(out, [0.5, 0.0, 0.5, 0.25, 0.5, 0.5])
