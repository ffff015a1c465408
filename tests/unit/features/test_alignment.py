from datetime import timedelta

import numpy as np
import pytest

from include.core.errors import InvalidInputError
from include.features.alignment import MAXIMUM_AGE, as_of

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
    assert MAXIMUM_AGE["macro"] >= timedelta(days=4)
