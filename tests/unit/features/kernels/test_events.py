from statistics import pstdev

import numpy as np

from include.features.kernels.events import joined, newest_known, released, standing

NAN = np.nan


def _times(*values):
    return np.array(values, dtype=np.int64)


def test_the_newest_event_is_the_last_one_not_later_than_the_instant():
    known = _times(4, 8, 8, 12)
    assert newest_known(known, _times(3, 4, 7, 8, 11, 99)).tolist() == [-1, 0, 0, 2, 2, 3]
    assert newest_known(known[:0], _times(1, 2)).tolist() == [-1, -1]


def test_newest_known_agrees_with_a_binary_search():
    rng = np.random.default_rng(1)
    known = np.sort(rng.integers(0, 1000, 300))
    instants = np.sort(rng.integers(-50, 1100, 500))
    np.testing.assert_array_equal(newest_known(known, instants), np.searchsorted(known, instants, side="right") - 1)


def _joined(known, event, value, instants, age=100):
    return joined(_times(*known), _times(*event), np.array(value, float), _times(*instants), age)


def test_the_newest_event_is_joined_until_it_is_too_old():
    np.testing.assert_array_equal(_joined([4, 8], [4, 8], [1, 2], [3, 4, 8, 18, 19], age=10), [NAN, 1, 2, 2, NAN])


def test_a_late_value_replaces_its_own_event_and_hides_no_newer_one():
    # event 1 comes again at 6 and is passed over, event 2 comes again at 7 and counts
    np.testing.assert_array_equal(_joined([4, 5, 6, 7], [1, 2, 1, 2], [10, 20, 11, 21], [4, 5, 6, 7]), [10, 20, 20, 21])


def test_nothing_is_joined_from_nothing():
    np.testing.assert_array_equal(_joined([], [], [], [1, 2]), [NAN, NAN])
    assert len(_joined([1], [1], [1], [])) == 0


def _released(place, value, known, n=3, first=0):
    return released(_times(*place), np.array(value, float), _times(*known), first, n)


def test_the_newest_observations_are_seen_as_they_become_known():
    newest, earliest, mean, deviation, since = _released([0, 1, 2, 3], [1, 2, 4, 6], [10, 11, 12, 13])
    np.testing.assert_array_equal(newest, [1, 2, 4, 6])
    np.testing.assert_array_equal(earliest, [NAN, NAN, 1, 2])
    np.testing.assert_allclose(mean, [NAN, NAN, 7 / 3, 4])
    np.testing.assert_allclose(deviation, [NAN, NAN, pstdev([1, 2, 4]), pstdev([2, 4, 6])])
    assert since.tolist() == [10, 11, 12, 13]


def test_a_revision_counts_from_when_it_is_known_and_makes_nothing_younger():
    newest, earliest, mean, _, since = _released([0, 1, 2, 0, 2], [1, 2, 4, 10, 40], [10, 11, 12, 20, 21])
    np.testing.assert_array_equal(newest, [1, 2, 4, 4, 40])
    np.testing.assert_array_equal(earliest, [NAN, NAN, 1, 10, 10])
    np.testing.assert_allclose(mean, [NAN, NAN, 7 / 3, 16 / 3, 52 / 3])
    assert since.tolist() == [10, 11, 12, 12, 12]


def test_an_observation_that_is_not_known_yet_is_passed_over():
    # the second day comes last: until then the third follows the first
    newest, earliest, *_ = _released([0, 2, 3, 1], [1, 4, 8, 2], [10, 11, 12, 13], n=2)
    np.testing.assert_array_equal(newest, [1, 4, 8, 8])
    np.testing.assert_array_equal(earliest, [NAN, 1, 4, 4])
    assert _released([0, 2, 3, 1], [1, 4, 8, 2], [10, 11, 12, 13], n=4)[1].tolist()[3] == 1


def test_events_before_the_first_wanted_one_are_taken_in_but_not_told():
    newest, earliest, *_ = _released([0, 1, 2, 3], [1, 2, 4, 6], [10, 11, 12, 13], first=3)
    np.testing.assert_array_equal(newest, [NAN, NAN, NAN, 6])
    np.testing.assert_array_equal(earliest, [NAN, NAN, NAN, 2])


def test_a_constant_window_has_no_deviation():
    *_, deviation, _ = _released([0, 1, 2], [0.1, 0.1, 0.1], [1, 2, 3])
    assert deviation[2] == 0.0


def test_nothing_released_gives_nothing():
    assert [len(column) for column in _released([], [], [])] == [0] * 5


def test_releases_agree_with_what_is_known_event_by_event():
    rng = np.random.default_rng(4)
    # in order, with revisions, late ones and days that are left out
    place = np.array([0, 1, 2, 3, 4, 2, 5, 7, 8, 6, 9, 10, 11, 12, 12, 13, 14, 15, 16, 3, 17])
    value, known = rng.normal(size=len(place)), np.arange(100, 100 + len(place))
    newest, earliest, mean, deviation, _ = _released(place, value, known, n=4)
    told: dict[int, float] = {}
    for i, day in enumerate(place.tolist()):
        told[day] = value[i]
        window = [told[key] for key in sorted(told)][-4:]
        assert newest[i] == window[-1]
        if len(window) < 4:
            assert np.isnan(earliest[i])
            continue
        assert earliest[i] == window[0]
        np.testing.assert_allclose([mean[i], deviation[i]], [np.mean(window), pstdev(window)])


def test_a_state_stands_until_its_newest_observation_is_too_old():
    # known from 10 on, of an observation first known at 8; replaced at 20
    known, since, values = _times(10, 20), _times(8, 20), np.array([1.0, 2.0])
    found = standing(known, since, values, _times(9, 10, 13, 14, 20), 5)
    np.testing.assert_array_equal(found, [NAN, 1, 1, NAN, 2])
    assert np.isnan(standing(_times(), _times(), np.zeros(0), _times(1), 5)).all()
