import numpy as np

from include.features.kernels.gaps import fair_value_gaps


def _gaps(candles):
    open_, high, low, close = (np.array(column, dtype=float) for column in zip(*candles, strict=True))
    return [tuple(zone) for zone in np.array(fair_value_gaps(open_, high, low, close)).T.tolist()]


def _mirrored(candles):
    return [(-open_, -low, -high, -close) for open_, high, low, close in candles]


UP = [(1, 2, 1, 2), (2, 5, 2, 5), (5, 6, 4, 5)]


def test_three_candles_that_leave_prices_untouched_make_a_gap_known_at_the_third():
    assert _gaps(UP) == [(2, 3)]
    assert _gaps(UP[:2]) == []


def test_the_middle_candle_must_rise():
    assert _gaps([UP[0], (5, 5, 2, 2), UP[2]]) == []


def test_overlapping_or_touching_candles_leave_no_gap():
    assert _gaps([*UP[:2], (5, 6, 2, 5)]) == []


def test_the_first_low_that_touches_the_upper_edge_ends_it():
    assert _gaps([*UP, (5, 6, 4.1, 5), (5, 6, 4.0, 5), (5, 6, 1, 5)]) == [(2, 4)]


def test_a_later_gap_lies_higher_and_ends_first():
    rise = [*UP, (5, 9, 5, 9), (9, 10, 8, 9), (9, 9, 7, 8), (8, 8, 3, 3)]
    assert _gaps(rise) == [(2, 6), (4, 5)]


def test_mirrored_prices_give_the_bears_gaps():
    fall = _mirrored(UP)
    assert _gaps(fall) == []
    assert _gaps(_mirrored(fall)) == [(2, 3)]
