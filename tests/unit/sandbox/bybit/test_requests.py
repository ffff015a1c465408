import pytest
from starlette.datastructures import QueryParams

from include.sandbox.bybit.requests import (
    BybitRefusalError,
    category,
    envelope,
    listed_symbol,
    one_of,
    optional_whole,
    row_limit,
    span,
)


def test_an_answer_is_wrapped_with_code_message_and_time() -> None:
    assert envelope({"a": 1}, 5) == {"retCode": 0, "retMsg": "OK", "result": {"a": 1}, "retExtInfo": {}, "time": 5}


def test_linear_perpetuals_are_the_only_category() -> None:
    assert category(QueryParams("")) == category(QueryParams("category=linear")) == "linear"
    with pytest.raises(BybitRefusalError, match="Category is invalid"):
        category(QueryParams("category=spot"))


@pytest.mark.parametrize("query", ["", "symbol=", "symbol=NOPE"])
def test_a_symbol_that_is_missing_or_not_listed_is_10001(query: str) -> None:
    with pytest.raises(BybitRefusalError) as refused:
        listed_symbol(QueryParams(query), ["A"])
    assert (refused.value.code, refused.value.message) == (10001, "params error: Symbol Invalid")


def test_a_value_out_of_a_set_is_refused_by_name() -> None:
    assert one_of(QueryParams("period=1h"), "period", ("1h",)) == "1h"
    with pytest.raises(BybitRefusalError, match="period invalid"):
        one_of(QueryParams("period=7h"), "period", ("1h",))


@pytest.mark.parametrize("text", ["0", "201", "-5", "x", "1e3", "²"])
def test_a_limit_that_is_not_a_number_in_range_is_refused(text: str) -> None:
    with pytest.raises(BybitRefusalError, match="limit"):
        row_limit(QueryParams({"limit": text}), 50, 200)


def test_limits_have_a_default_and_a_largest_value() -> None:
    assert row_limit(QueryParams(""), 50, 200) == 50
    assert row_limit(QueryParams("limit=200"), 50, 200) == 200
    assert optional_whole(QueryParams(""), "start") is None


def test_a_span_must_not_end_before_it_starts() -> None:
    assert span(QueryParams("start=1&end=1"), "start", "end") == (1, 1)
    with pytest.raises(BybitRefusalError, match="start parameter must be less than end"):
        span(QueryParams("start=2&end=1"), "start", "end")
