from collections.abc import Callable
from dataclasses import replace

import pytest

from include.config.settings import Settings
from include.core.errors import TransientError
from include.market.endpoint import Endpoint
from include.market.endpoints import endpoint
from include.market.errors import PageError
from include.market.pager import Page, walk
from include.market.pages import Span
from include.market.venue import Venue
from tests.unit.market.answers import Answer, answer, answering
from tests.unit.market.klines import HOURS_4, at, kline, span
from tests.unit.market.venues import instruments, markets, with_venue

Params = dict[str, str]
Wrong = Callable[[Params], Answer]


class Book:
    """The venue's candles over loopback: answers as it does, and remembers what it was asked."""

    def __init__(self, *numbers: int, wrong: dict[int, Wrong] | None = None) -> None:
        self.numbers = numbers
        self.wrong = wrong or {}
        self.asked: list[tuple[int | None, int]] = []

    def __call__(self, path: str, params: Params) -> Answer:
        if path.endswith("/exchangeInfo"):
            return markets("BTCUSDT")
        start = params.get("startTime")
        self.asked.append((None if start is None else int(start), int(params["limit"])))
        return self.wrong.get(len(self.asked), self.page)(params)

    def page(self, params: Params) -> Answer:
        return answer(self.rows(params))

    def rows(self, params: Params) -> list[object]:
        start, end, limit = params.get("startTime"), int(params["endTime"]), int(params["limit"])
        rows = [kline(n) for n in self.numbers if at(n) <= end and (start is None or at(n) >= int(start))]
        return rows[:limit] if start is not None else rows[-limit:]


def candles(limit: int = 4) -> Endpoint:
    return replace(endpoint("binanceusdm", "candles", "BTCUSDT", "4h"), limit=limit)


def walked(
    settings: Settings,
    book: Callable[..., Answer],
    asked: Span,
    known_ms: int | None = None,
    found: Endpoint | None = None,
) -> list[Page]:
    async def use(venue: Venue) -> list[Page]:
        return [page async for page in walk(venue, found or candles(), asked, known_ms)]

    with answering(book) as (url, _):
        return with_venue(settings, url, use, venue=asked.venue)


def numbers_of(pages: list[Page]) -> list[int]:
    times = [time for page in pages for time in page.rows["open_time"].cast("int64").to_pylist()]
    return [(time - at(0)) // HOURS_4 for time in times]


def empty(_: Params) -> Answer:
    return answer([])


def test_pages_follow_each_other_without_repetition_up_to_the_end(settings: Settings) -> None:
    book = Book(*range(20))
    pages = walked(settings, book, span(last=9))
    assert numbers_of(pages) == list(range(10))
    assert book.asked == [(at(0), 4), (at(4), 4), (at(8), 2)]
    assert [page.next_ms for page in pages] == [at(4), at(8), None]
    assert pages[-1].reached_ms == at(9)


def test_a_start_off_the_grid_is_rounded_up(settings: Settings) -> None:
    assert numbers_of(walked(settings, Book(*range(20)), span(first=2.01, last=5))) == [3, 4, 5]


def test_a_symbol_listed_later_than_the_start_begins_where_it_was_listed(settings: Settings) -> None:
    assert numbers_of(walked(settings, Book(*range(6, 20)), span(last=9))) == [6, 7, 8, 9]


def test_missing_candles_in_the_middle_are_stepped_over(settings: Settings) -> None:
    assert numbers_of(walked(settings, Book(0, 1, 7, 8, 9), span(last=9))) == [0, 1, 7, 8, 9]


def test_a_feed_that_ended_is_asked_once_more_for_its_newest_record_and_then_believed(settings: Settings) -> None:
    book = Book(0, 1, 2)
    pages = walked(settings, book, span(last=9))
    assert numbers_of(pages) == [0, 1, 2]
    assert (pages[-1].reached_ms, pages[-1].next_ms) == (None, None)
    assert book.asked == [(at(0), 4), (at(3), 4), (None, 1)]


def test_an_empty_page_in_the_middle_loses_nothing_and_is_quarantined(settings: Settings) -> None:
    pages = walked(settings, Book(*range(20), wrong={2: empty}), span(last=9))
    assert numbers_of(pages) == list(range(10))
    assert [(r.reason, r.payload) for page in pages for r in page.refused] == [("empty_page", [])]


def test_an_empty_page_is_not_believed_where_even_the_newest_record_has_vanished(settings: Settings) -> None:
    # the page and the request that is to confirm it both come empty, though candles were seen before
    book = Book(*range(20), wrong=dict.fromkeys((2, 3), empty))
    assert numbers_of(walked(settings, book, span(last=9))) == list(range(10))


def test_the_first_page_is_not_believed_empty_where_the_lake_knows_a_record(settings: Settings) -> None:
    book = Book(*range(20), wrong=dict.fromkeys((1, 2), empty))
    assert numbers_of(walked(settings, book, span(last=9), known_ms=at(2))) == list(range(10))


def test_empty_pages_that_keep_coming_where_records_exist_are_an_error_that_carries_them(settings: Settings) -> None:
    book = Book(*range(20), wrong=dict.fromkeys((2, 4, 6), empty))
    with pytest.raises(PageError, match="came empty, but the venue has later records") as raised:
        walked(settings, book, span(last=9))
    assert [refused.reason for refused in raised.value.refused] == ["empty_page"] * 3


def test_a_page_without_progress_is_an_error_and_no_loop(settings: Settings) -> None:
    first_page_again = dict.fromkeys(range(2, 9), lambda _: answer([kline(n) for n in range(4)]))
    book = Book(*range(20), wrong=first_page_again)
    with pytest.raises(PageError, match=r"no progress: 4 rows, none usable \(outside_request\)") as raised:
        walked(settings, book, span(last=9))
    assert len(book.asked) == 1 + 3
    assert {refused.reason for refused in raised.value.refused} == {"no_progress"}


@pytest.mark.parametrize(
    ("body", "reason", "payload"),
    [
        ('{"rows": []}', "page_shape", {"rows": []}),
        ("<html>maintenance</html>", "no_json", "<html>maintenance</html>"),
        ("null", "no_json", "null"),
        ('[[1, "2', "no_json", '[[1, "2'),
    ],
)
def test_a_whole_bad_page_is_quarantined_and_the_good_answer_after_it_kept(
    settings: Settings, body: str, reason: str, payload: object
) -> None:
    pages = walked(settings, Book(*range(20), wrong={2: lambda _: Answer(200, body)}), span(last=9))
    assert numbers_of(pages) == list(range(10))
    (refused,) = [r for page in pages for r in page.refused]
    assert (refused.source, refused.reason, refused.payload) == ("candles", reason, payload)
    assert str(at(4)) in refused.request


def test_a_page_shorter_than_its_limit_is_not_the_end(settings: Settings) -> None:
    short = {1: lambda _: answer([kline(0), kline(1)])}
    assert numbers_of(walked(settings, Book(*range(20), wrong=short), span(last=9))) == list(range(10))


@pytest.mark.parametrize("wrong", [Answer(500, "oops"), Answer(200, "[]", missing_bytes=50)], ids=["5xx", "half body"])
def test_a_failing_page_is_asked_again_and_no_earlier_one(settings: Settings, wrong: Answer) -> None:
    book = Book(*range(20), wrong={2: lambda _: wrong})
    assert numbers_of(walked(settings, book, span(last=9))) == list(range(10))
    assert [start for start, _ in book.asked] == [at(0), at(4), at(4), at(8)]


def test_a_venue_that_stays_away_is_an_error(settings: Settings) -> None:
    book = Book(*range(20), wrong=dict.fromkeys(range(2, 9), lambda _: Answer(503, "oops")))
    with pytest.raises(TransientError, match="fetch candles of BTC/USDT:USDT"):
        walked(settings, book, span(last=9))


def test_refused_rows_are_handed_out_with_the_request_that_brought_them(settings: Settings) -> None:
    bad = kline(2, high="-1")
    book = Book(*range(20), wrong={1: lambda _: answer([kline(0), kline(1), bad, kline(3)])})
    pages = walked(settings, book, span(last=9))
    assert numbers_of(pages) == [0, 1, 3, 4, 5, 6, 7, 8, 9]
    (refused,) = [r for page in pages for r in page.refused]
    assert (refused.reason, refused.payload) == ("not_positive", bad)
    assert refused.request.startswith("fapiPublicGetKlines {")


def test_nothing_at_all_reaches_nowhere(settings: Settings) -> None:
    (page,) = walked(settings, Book(), span(last=9))
    assert (page.reached_ms, page.next_ms, page.rows.num_rows) == (None, None, 0)


def test_a_span_that_is_empty_asks_nothing(settings: Settings) -> None:
    book = Book(*range(20))
    assert walked(settings, book, span(first=5, last=4)) == []
    assert book.asked == []


class NewestFirst(Book):
    """Bybit: the newest rows of what is asked for, newest first."""

    def __call__(self, path: str, params: Params) -> Answer:
        if path.endswith("/instruments-info"):
            return instruments("BTCUSDT")
        start = params.get("start")
        self.asked.append((None if start is None else (int(start) - at(0)) // HOURS_4, int(params["limit"])))
        end, limit = int(params["end"]), int(params["limit"])
        chosen = [n for n in self.numbers if at(n) <= end and (start is None or at(n) >= int(start))][-limit:]
        rows = [[str(at(n)), "100", "110", "90", "105", "7.5", "770.25"] for n in reversed(chosen)]
        result = {"category": "linear", "symbol": "BTCUSDT", "list": rows}
        return answer({"retCode": 0, "retMsg": "OK", "result": result})


def windowed(limit: int = 4) -> Endpoint:
    return replace(endpoint("bybit", "candles", "BTCUSDT", "4h"), limit=limit, window_ms=limit * HOURS_4)


def test_a_venue_that_answers_the_newest_rows_is_asked_in_windows_that_fit_a_page(settings: Settings) -> None:
    book = NewestFirst(*range(20))
    pages = walked(settings, book, replace(span(last=9), venue="bybit"), found=windowed())
    assert numbers_of(pages) == list(range(10))
    assert book.asked == [(0, 4), (4, 4), (8, 2)]


def test_a_window_without_records_is_confirmed_and_stepped_over(settings: Settings) -> None:
    book = NewestFirst(0, 1, 2, 3, 8, 9)
    pages = walked(settings, book, replace(span(last=9), venue="bybit"), found=windowed())
    assert numbers_of(pages) == [0, 1, 2, 3, 8, 9]
    assert book.asked == [(0, 4), (4, 4), (None, 1), (8, 2)]
