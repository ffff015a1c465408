import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.sandbox.numbers import decimals_of, number_text, number_texts, unit_text


@pytest.mark.parametrize(
    ("values", "decimals"),
    [([1.0, 20.0], 0), ([0.1, 3.0], 1), ([0.0031814, 0.003], 7), ([1 / 3], 8), ([float("nan"), 1.25], 2), ([], 0)],
)
def test_decimals_are_those_that_the_values_need(values: list[float], decimals: int) -> None:
    assert decimals_of(np.array(values)) == decimals


@given(st.floats(min_value=1e-9, max_value=1e18))
def test_number_text_reads_back_exactly_and_has_no_exponent(value: float) -> None:
    text = number_text(value)
    assert float(text) == value
    assert "e" not in text


def test_a_value_that_is_not_known_has_no_text() -> None:
    assert number_texts(np.array([1.5, np.nan, 1e-7])) == ["1.5", None, "0.0000001"]


def test_a_unit_is_one_of_the_last_decimal() -> None:
    assert [unit_text(decimals) for decimals in (0, 2, 8)] == ["1", "0.01", "0.00000001"]
