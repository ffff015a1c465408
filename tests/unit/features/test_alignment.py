from datetime import timedelta

import numpy as np
import pytest

from include.core.errors import InvalidInputError
from include.features.alignment import MAXIMUM_AGE, as_of, at, trailing
from include.features.timelines import Timeline

NAN = np.nan
HOUR = 3_600_000


def _as_of(known, values, instants, age=timedelta(hours=10), event=None):
    times = None if event is None else np.array(event, dtype=np.int64)
    return as_of(np.array(known, dtype=np.int64) * HOUR, np.array(values, float), np.array(instants) * HOUR, age, times)


def test_the_newest_known_value_is_taken_and_none_before_the_first():
    np.testing.assert_array_equal(_as_of([4, 8], [1, 2], [3, 4, 7, 8, 9]), [NAN, 1, 1, 2, 2])


def test_a_value_stands_until_its_maximum_age_and_no_longer():
    np.testing.assert_array_equal(_as_of([4], [1], [14, 15]), [1, NAN])


def test_a_missing_value_is_not_replaced_by_an_older_one():
    np.testing.assert_array_equal(_as_of([4, 6], [1, NAN], [5, 7]), [1, NAN])


def test_of_several_values_known_at_once_the_last_counts():
    np.testing.assert_array_equal(_as_of([4, 4], [1, 2], [4]), [2])


def test_a_late_revision_of_an_older_event_does_not_hide_the_newer_one():
    # event 2 is known at hour 5; event 1 is revised at hour 6, event 2 at hour 7
    known, events = [4, 5, 6, 7], [1, 2, 1, 2]
    np.testing.assert_array_equal(_as_of(known, [10, 20, 11, 21], [4, 5, 6, 7], event=events), [10, 20, 20, 21])


def test_nothing_known_gives_nothing():
    assert np.isnan(_as_of([], [], [1, 2])).all()


def test_disorder_is_refused():
    with pytest.raises(InvalidInputError, match="`known_at` must be in ascending order"):
        _as_of([5, 4], [1, 2], [6])


def test_a_daily_series_outlives_a_holiday_weekend():
    assert MAXIMUM_AGE["macro_daily"] >= timedelta(days=4)


def _line(known, events, values):
    return Timeline(np.array(known) * HOUR, np.array(events) * HOUR, np.array(values, float))


def test_a_source_is_joined_with_its_own_maximum_age():
    line = _line([0, 8], [0, 8], [1, 2])
    hours = np.array([0, 8, 16, 17]) * HOUR
    np.testing.assert_array_equal(at(line, hours, "funding_rates"), [1, 2, 2, NAN])
    np.testing.assert_array_equal(at(line, hours, "reference"), [1, 2, NAN, NAN])


def _trailing(line, hours, n, age=100, from_ms=0):
    seen = trailing(line, n, from_ms)
    names = ("newest", "earliest", "mean", "deviation")
    instants = np.array(hours, dtype=np.int64) * HOUR
    return {name: seen.at(getattr(seen, name), instants, timedelta(hours=age)) for name in names}


def test_trailing_observations_are_those_known_at_the_instant():
    # day 0 is revised at hour 30
    seen = _trailing(_line([1, 2, 3, 30], [0, 24, 48, 0], [1, 2, 4, 7]), [0, 1, 3, 29, 30], 3)
    np.testing.assert_array_equal(seen["newest"], [NAN, 1, 4, 4, 4])
    np.testing.assert_array_equal(seen["earliest"], [NAN, NAN, 1, 1, 7])
    np.testing.assert_allclose(seen["mean"], [NAN, NAN, 7 / 3, 7 / 3, 13 / 3])
    expected = np.std([[NAN] * 3, [NAN] * 3, [1, 2, 4], [1, 2, 4], [7, 2, 4]], axis=1)
    np.testing.assert_allclose(seen["deviation"], expected)


def test_a_revision_of_an_older_observation_makes_the_series_no_younger():
    seen = _trailing(_line([1, 2, 9], [0, 24, 0], [1, 2, 5]), [2, 12, 13], 2, age=10)
    np.testing.assert_array_equal(seen["newest"], [2, 2, NAN])
    np.testing.assert_array_equal(seen["earliest"], [1, 5, NAN])


def test_trailing_looks_the_same_from_wherever_it_starts():
    rng = np.random.default_rng(5)
    known = np.sort(rng.integers(0, 500, 200))
    line, hours = _line(known, known // 6 + rng.integers(0, 3, 200), rng.normal(size=200)), np.arange(0, 600, 3)
    whole = _trailing(line, hours, 5, age=50)
    part = _trailing(line, hours[100:], 5, age=50, from_ms=int(hours[100]) * HOUR)
    for name, column in part.items():
        np.testing.assert_array_equal(whole[name][100:], column)
    assert np.isfinite(part["mean"]).any()


def test_nothing_released_and_nothing_asked_give_nothing():
    assert np.isnan(_trailing(_line([], [], []), [1, 2], 3)["newest"]).all()
    assert len(_trailing(_line([1], [1], [1]), [], 3)["mean"]) == 0
