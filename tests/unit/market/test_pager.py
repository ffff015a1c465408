from collections.abc import Callable

import pytest

from include.core.errors import TransientError
from include.market.endpoints import endpoint
from include.market.errors import PageError
from include.market.pager import Endpoint, fetch_all
from include.market.retry import Retry, RetryPolicy
from tests.unit.market.klines import HOURS_4, at, kline, span

QUICK = Retry(RetryPolicy(attempts=3), sleep=lambda _: None)
Answer = Callable[[int | None, int, int], list[object]]


class Book:
    """The venue's candles: answers as it does, and remembers what it was asked."""

    def __init__(self, *numbers: int, wrong: dict[int, Answer] | None = None) -> None:
        self.numbers = numbers
        self.wrong = wrong or {}
        self.asked: list[tuple[int | None, int]] = []

    def get(self, start_ms: int | None, end_ms: int, limit: int) -> tuple[list[object], str]:
        self.asked.append((start_ms, limit))
        answer = self.wrong.get(len(self.asked), self.page)
        return answer(start_ms, end_ms, limit), f"start={start_ms}"

    def page(self, start_ms: int | None, end_ms: int, limit: int) -> list[object]:
        rows = [kline(n) for n in self.numbers if at(n) <= end_ms and (start_ms is None or at(n) >= start_ms)]
        return rows[:limit] if start_ms is not None else rows[-limit:]

    def endpoint(self, limit: int = 4) -> Endpoint:
        return Endpoint(
            "candles", limit, HOURS_4, 0, self.get, endpoint("binanceusdm", "candles", "BTCUSDT", "4h").check
        )


def numbers_of(fetched: object) -> list[int]:
    times = fetched.rows["open_time"].cast("int64").to_pylist()  # type: ignore[attr-defined]
    return [(time - at(0)) // HOURS_4 for time in times]


def test_pages_follow_each_other_without_repetition_up_to_the_end() -> None:
    book = Book(*range(20))
    fetched = fetch_all(book.endpoint(), span(last=9), QUICK)
    assert numbers_of(fetched) == list(range(10))
    assert book.asked == [(at(0), 4), (at(4), 4), (at(8), 2)]
    assert fetched.reached_ms == at(9)


def test_a_symbol_listed_later_than_the_start_begins_where_it_was_listed() -> None:
    assert numbers_of(fetch_all(Book(*range(6, 20)).endpoint(), span(last=9), QUICK)) == [6, 7, 8, 9]


def test_missing_candles_in_the_middle_are_stepped_over() -> None:
    assert numbers_of(fetch_all(Book(0, 1, 7, 8, 9).endpoint(), span(last=9), QUICK)) == [0, 1, 7, 8, 9]


def test_a_feed_that_ended_is_asked_once_more_for_its_newest_record_and_then_believed() -> None:
    book = Book(0, 1, 2)
    fetched = fetch_all(book.endpoint(), span(last=9), QUICK)
    assert numbers_of(fetched) == [0, 1, 2]
    assert fetched.reached_ms == at(2)
    assert book.asked == [(at(0), 4), (at(3), 4), (None, 1)]


def test_an_empty_page_in_the_middle_loses_nothing() -> None:
    book = Book(*range(20), wrong={2: lambda *_: []})
    assert numbers_of(fetch_all(book.endpoint(), span(last=9), QUICK)) == list(range(10))


def test_empty_pages_that_keep_coming_where_records_exist_are_an_error() -> None:
    empty = dict.fromkeys((2, 4, 6), lambda *_: [])
    with pytest.raises(PageError, match="came empty, but the venue has later records"):
        fetch_all(Book(*range(20), wrong=empty).endpoint(), span(last=9), QUICK)


def test_a_page_without_progress_is_an_error_and_no_loop() -> None:
    first_page_again = dict.fromkeys(range(2, 9), lambda *_: [kline(n) for n in range(4)])
    book = Book(*range(20), wrong=first_page_again)
    with pytest.raises(PageError, match=r"no progress: 4 rows, none usable \(outside_request\)"):
        fetch_all(book.endpoint(), span(last=9), QUICK)
    assert len(book.asked) == 1 + 3


def test_a_page_shorter_than_its_limit_is_not_the_end() -> None:
    short = {1: lambda *_: [kline(0), kline(1)]}
    assert numbers_of(fetch_all(Book(*range(20), wrong=short).endpoint(), span(last=9), QUICK)) == list(range(10))


def test_a_failing_page_is_asked_again_and_no_earlier_one() -> None:
    def fail(*_: object) -> list[object]:
        raise TransientError("half body")

    book = Book(*range(20), wrong={2: fail})
    assert numbers_of(fetch_all(book.endpoint(), span(last=9), QUICK)) == list(range(10))
    assert [start for start, _ in book.asked] == [at(0), at(4), at(4), at(8)]


def test_refused_rows_are_handed_out_with_the_request_that_brought_them() -> None:
    bad = kline(2, high="-1")
    book = Book(*range(20), wrong={1: lambda *_: [kline(0), kline(1), bad, kline(3)]})
    fetched = fetch_all(book.endpoint(), span(last=9), QUICK)
    assert numbers_of(fetched) == [0, 1, 3, 4, 5, 6, 7, 8, 9]
    assert [(r.reason, r.payload, r.request) for r in fetched.refused] == [("not_positive", bad, f"start={at(0)}")]


def test_nothing_at_all_reaches_nowhere() -> None:
    fetched = fetch_all(Book().endpoint(), span(last=9), QUICK)
    assert fetched.reached_ms is None
    assert fetched.rows.num_rows == 0


def test_a_span_that_is_empty_asks_nothing() -> None:
    book = Book(*range(20))
    assert fetch_all(book.endpoint(), span(first=5, last=4), QUICK).rows.num_rows == 0
    assert book.asked == []
