import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.evaluation.workers import processors, shares, side_by_side


def test_the_largest_items_are_dealt_first_to_whoever_has_the_least():
    dealt = shares(np.array([3, 9, 4, 4, 2]), 2)

    # 9 | 4, then 4, then 3 to the 8 or the 9, and 2
    assert [items.tolist() for items in dealt] == [[1, 4], [2, 3, 0]]


@given(st.lists(st.integers(1, 1_000), max_size=30), st.integers(1, 5))
def test_every_item_is_dealt_once_and_nobody_gets_nothing(sizes, count):
    dealt = shares(np.array(sizes, np.int64), count)

    assert sorted(np.concatenate(dealt).tolist() if dealt else []) == list(range(len(sizes)))
    assert all(len(items) for items in dealt)
    loads = [sum(sizes[item] for item in items) for items in dealt]
    assert max(loads, default=0) <= -(-sum(sizes) // count) + max(sizes, default=0)


def test_results_come_in_the_order_of_the_items():
    assert side_by_side(lambda item: item * item, range(20)) == [item * item for item in range(20)]


def test_an_error_of_a_task_is_raised():
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda item: 1 // item, [1, 0, 2])


@pytest.mark.skipif(processors() < 2, reason="one processor")
def test_tasks_run_at_the_same_time():
    both = threading.Barrier(2, timeout=30)

    assert side_by_side(lambda item: both.wait() >= 0 and item, [1, 2]) == [1, 2]
