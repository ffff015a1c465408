import pytest
from starlette.datastructures import QueryParams

from include.sandbox.binance.requests import (
    ExchangeRefusalError,
    known_interval,
    listed_symbol,
    mandatory,
    optional_whole,
    row_limit,
)


@pytest.mark.parametrize("query", ["", "symbol="])
def test_a_missing_or_empty_mandatory_parameter_is_1102(query: str) -> None:
    with pytest.raises(ExchangeRefusalError) as refused:
        mandatory(QueryParams(query), "symbol")
    assert refused.value.code == -1102
    assert "'symbol'" in refused.value.message


def test_a_symbol_that_is_not_listed_is_1121() -> None:
    assert listed_symbol(QueryParams("symbol=A"), ["A"]) == "A"
    with pytest.raises(ExchangeRefusalError) as refused:
        listed_symbol(QueryParams("symbol=a"), ["A"])
    assert (refused.value.code, refused.value.message) == (-1121, "Invalid symbol.")


def test_an_interval_that_does_not_exist_is_1120() -> None:
    assert known_interval(QueryParams("interval=12h")) == "12h"
    with pytest.raises(ExchangeRefusalError) as refused:
        known_interval(QueryParams("interval=7h"))
    assert refused.value.code == -1120


@pytest.mark.parametrize("text", ["0", "1501", "-5", "x", "1e3", "5.0", "²"])
def test_a_limit_that_is_not_a_number_in_range_is_1130(text: str) -> None:
    with pytest.raises(ExchangeRefusalError) as refused:
        row_limit(QueryParams({"limit": text}), 500, 1500)
    assert refused.value.code == -1130


def test_limits_have_a_default_and_a_largest_value() -> None:
    assert row_limit(QueryParams(""), 500, 1500) == 500
    assert row_limit(QueryParams("limit=1500"), 500, 1500) == 1500


def test_an_absent_whole_parameter_is_none() -> None:
    assert optional_whole(QueryParams(""), "startTime") is None
    assert optional_whole(QueryParams("startTime=0"), "startTime") == 0
