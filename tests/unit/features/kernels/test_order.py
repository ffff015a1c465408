import numpy as np
import pytest

from include.features.kernels.order import first_unsound, is_in_order


def _in_order(known, events, values=None):
    given = np.ones(len(known)) if values is None else np.array(values, float)
    return is_in_order(np.array(known, np.int64), np.array(events, np.int64), given)


def test_rows_in_order_are_recognised():
    assert _in_order([1, 1, 2], [5, 5, 3])
    assert _in_order([], [])


@pytest.mark.parametrize(
    ("known", "events", "values"),
    [([2, 1], [1, 2], [1, 1]), ([1, 1], [2, 1], [1, 1]), ([1, 2], [1, 2], [1, np.nan])],
    ids=["known_at falls", "events fall", "a value is missing"],
)
def test_rows_out_of_order_and_missing_values_are_recognised(known, events, values):
    assert not _in_order(known, events, values)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_the_first_unsound_value_is_found(bad):
    smallest = float(np.nextafter(0.0, 1.0))
    assert first_unsound(np.array([1.0, smallest, bad, bad]), smallest) == 2
    assert first_unsound(np.array([1.0, smallest]), smallest) == 2
