import math

import numpy as np
import pytest

from include.market.cells import read_decimals, read_integers


def test_decimal_strings_become_the_nearest_float() -> None:
    cells = read_decimals(["43519.34000000", "0.1", "0", "-0.00012500"])
    assert cells.values.tolist() == [43519.34, 0.1, 0.0, -0.000125]
    assert not cells.unreadable.any()
    assert not cells.absent.any()


@pytest.mark.parametrize("cell", ["", "abc", "1,5", " 1", "1_000", "0x10", True, [], {}, "1.2.3"])
def test_what_is_no_number_is_marked_and_its_neighbours_are_read(cell: object) -> None:
    cells = read_decimals(["1.5", cell, "2.5"])
    assert cells.unreadable.tolist() == [False, True, False]
    assert cells.values[[0, 2]].tolist() == [1.5, 2.5]
    assert math.isnan(cells.values[1])


def test_null_is_absent_not_unreadable() -> None:
    cells = read_decimals(["1", None])
    assert cells.absent.tolist() == [False, True]
    assert not cells.unreadable.any()


@pytest.mark.parametrize("cell", ["NaN", "inf", "-Infinity", float("inf"), float("nan")])
def test_what_is_not_finite_is_read_as_it_is(cell: object) -> None:
    cells = read_decimals(["1", cell])
    assert not np.isfinite(cells.values[1])
    assert not cells.unreadable.any()


def test_json_numbers_are_decimals_too_and_a_huge_integer_is_no_crash() -> None:
    assert read_decimals([1, 2.5]).values.tolist() == [1.0, 2.5]
    assert read_decimals([10**400]).unreadable.tolist() == [True]


def test_integers_are_read_from_numbers_and_digits() -> None:
    cells = read_integers([1706630400000, "12", None])
    assert cells.values.tolist() == [1706630400000, 12, -1]
    assert cells.absent.tolist() == [False, False, True]


@pytest.mark.parametrize("cell", [1.5, 1.0, "1.0", "-1", "", True, 2**60, "²", [1]])
def test_what_is_no_integer_is_marked(cell: object) -> None:
    assert read_integers([7, cell]).unreadable.tolist() == [False, True]


def test_an_empty_column_is_empty() -> None:
    assert len(read_decimals([]).values) == 0
    assert len(read_integers([]).values) == 0
