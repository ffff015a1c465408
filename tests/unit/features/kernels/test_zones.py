import numpy as np

from include.features.kernels.zones import nearest_distance, open_count

OPENED, CLOSED = np.array([1, 2]), np.array([3, 6])


def _distance(edge, close, unit, memory=10, cap=4.0):
    out = np.empty(len(close))
    nearest_distance(OPENED, CLOSED, np.array(edge), np.array(close), np.array(unit), memory, cap, out)
    return out


def test_a_zone_is_open_from_its_first_row_until_the_row_that_ends_it():
    out = np.empty(6)
    open_count(OPENED, CLOSED, 10, out)
    np.testing.assert_array_equal(out, [0, 1, 2, 1, 1, 1])


def test_a_zone_is_forgotten_after_its_memory():
    out = np.empty(6)
    open_count(OPENED, CLOSED, 2, out)
    np.testing.assert_array_equal(out, [0, 1, 2, 1, 0, 0])
    distance = _distance([1.0, 1.0], [2.0] * 6, [1.0] * 6, memory=2)
    np.testing.assert_array_equal(distance, [4, 1, 1, 1, 4, 4])


def test_the_distance_is_that_of_the_nearest_open_zone_in_units():
    distance = _distance([9.0, 7.0], [10.0, 10, 10, 10, 10, 6], [1.0, 2, 1, 2, 1, 1])
    # none; 1 / 2; nearer of 1 and 3; 3 / 2 once the nearer one is closed; 3; inside or below
    np.testing.assert_array_equal(distance, [4, 0.5, 1, 1.5, 3, 0])


def test_the_distance_is_capped_and_a_unit_of_zero_means_far():
    distance = _distance([1.0, 1.0], [9.0] * 6, [1.0, 1, 1, 0, 2, 1])
    np.testing.assert_array_equal(distance, [4] * 6)
    assert _distance([9.0, 9.0], [9.0] * 6, [0.0] * 6).tolist() == [4.0] * 6


def test_no_zones_at_all_leave_nothing_of_what_the_array_held():
    none = np.array([], dtype=np.int64)
    out = np.full(3, 7.0)
    open_count(none, none, 5, out)
    assert out.tolist() == [0, 0, 0]
    nearest_distance(none, none, np.array([]), np.ones(3), np.ones(3), 5, 4.0, out)
    assert out.tolist() == [4, 4, 4]
