import numpy as np
import pytest

from include.core.errors import InvalidInputError
from include.environments.phase4.windows import StartTable, unbroken_runs
from tests.support.datasets import series_from_closes


def test_runs_end_where_the_segment_changes_and_lone_rows_are_left_out():
    series = series_from_closes("BTC/USDT:USDT", np.full(8, 100.0))
    series.segment[:] = [0, 0, 0, 1, 2, 2, 2, 2]

    assert unbroken_runs(series) == [(0, 2), (4, 7)]


def test_every_start_leaves_a_whole_episode_before_the_end_of_its_run():
    starts = StartTable([(0, 9), (20, 22)], length=7)

    assert [starts[i] for i in range(len(starts))] == [(0, 7), (1, 8), (2, 9), (20, 22)]


def test_a_run_too_short_for_an_episode_starts_at_its_first_row():
    assert StartTable([(3, 5)], length=200)[0] == (3, 5)


def test_a_start_of_ones_own_choice_ends_with_its_run():
    starts = StartTable([(0, 9), (20, 22)], length=7)

    assert starts.at(5) == (5, 9)
    assert starts.at(20) == (20, 22)


@pytest.mark.parametrize("row", [-1, 9, 15, 22])
def test_a_row_without_a_row_after_it_is_no_start(row):
    with pytest.raises(InvalidInputError, match=f"`start`.*was {row}"):
        StartTable([(0, 9), (20, 22)], length=7).at(row)
