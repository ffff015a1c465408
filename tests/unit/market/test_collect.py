import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.config.settings import Settings
from include.core.errors import ConfigurationError, RateLimitedError, TransientError
from include.market.collect import Collected, collect
from include.market.journal import Journal
from include.market.plan import Job
from include.market.venue import Venue
from tests.unit.market.answers import Answer, answer, answering
from tests.unit.market.klines import HOURS_4, at, kline
from tests.unit.market.venues import markets, with_venue

BTC, ETH, NOPE = "BTC/USDT:USDT", "ETH/USDT:USDT", "NOPE/USDT:USDT"
Params = dict[str, str]
Respond = Callable[[str, dict[str, str]], Answer]
COUNT = 1_200


class Exchange:
    """Candles of every symbol without end, fundings of none; remembers who asked what and how many at once."""

    def __init__(self, wrong: Any = None) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.wrong = wrong or (lambda _path, _params: None)
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def __call__(self, path: str, params: Params) -> Answer:
        if path.endswith("/exchangeInfo"):
            return markets("BTCUSDT", "ETHUSDT")
        if path.endswith("/time"):
            # hours after the clock of the walks
            return answer({"serverTime": at(14)})
        with self._lock:
            self.asked.append((params["symbol"], params.get("startTime")))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self.wrong(path, params) or self._page(path, params)
        finally:
            with self._lock:
                self.at_once -= 1

    def _page(self, path: str, params: Params) -> Answer:
        if not path.endswith("/klines"):
            return answer([])
        end, limit = int(params["endTime"]), int(params["limit"])
        start = int(params["startTime"]) if "startTime" in params else end - end % HOURS_4
        first = (start - at(0)) // HOURS_4
        last = min((end - at(0)) // HOURS_4, first + limit - 1)
        return answer([kline(n) for n in range(first, last + 1)])


def candles_of(symbol: str, first: int = -COUNT, last: int = 9, **changes: Any) -> Job:
    return Job(series="candles", symbol=symbol, start_ms=at(first), end_ms=at(last), **changes)


def collected(
    settings: Settings, exchange: Respond, tmp_path: Path, *jobs: Job, concurrency: int = 8, told: Any = None
) -> Collected:
    async def use(venue: Venue) -> Collected:
        fewer = replace(venue, facts=venue.facts.model_copy(update={"concurrency": concurrency}))
        journal = Journal(tmp_path / "pages")
        if journal.plan() is None:
            journal.begin({})
        return await collect(fewer, "4h", jobs, journal, told or (lambda *_: None))

    with answering(exchange) as (url, _):
        return with_venue(settings, url, use)


def numbers_of(found: Collected, symbol: str) -> list[int]:
    rows = [row for piece in found.rows["candles"] for row in piece.to_pylist() if row["symbol"] == symbol]
    return [round((row["open_time"].timestamp() * 1000 - at(0)) / HOURS_4) for row in rows]


def test_every_symbol_is_walked_and_each_in_order(settings: Settings, tmp_path: Path) -> None:
    found = collected(settings, Exchange(), tmp_path, candles_of(BTC), candles_of(ETH, first=-10))
    assert numbers_of(found, BTC) == list(range(-COUNT, 10))
    assert numbers_of(found, ETH) == list(range(-10, 10))
    assert (found.failed, found.pages) == ({}, 3 + 1)
    assert found.reached == {("candles", BTC), ("candles", ETH)}


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_requests_are_on_their_way_than_the_venue_allows(
    settings: Settings, tmp_path: Path, concurrency: int
) -> None:
    arrived = threading.Barrier(concurrency)

    def wait_for_the_others(_path: str, _params: Params) -> None:
        arrived.wait(timeout=20)

    exchange = Exchange(wait_for_the_others)
    jobs = [candles_of(BTC, first=n) for n in range(-6, 0)]
    collected(settings, exchange, tmp_path, *jobs, concurrency=concurrency)
    assert exchange.most_at_once == concurrency


def test_progress_counts_records_up_to_all_of_them(settings: Settings, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    jobs = (candles_of(BTC), candles_of(ETH, first=-10))
    collected(settings, Exchange(), tmp_path, *jobs, told=lambda *step: told.append(step))
    assert {(label, total) for label, _, total in told} == {("records", COUNT + 10 + 20)}
    counts = [done for _, done, _ in told]
    assert counts == sorted(counts)
    assert counts[-1] == COUNT + 30
    assert len(set(counts)) >= 4


def test_a_collection_that_was_cut_off_goes_on_with_no_page_asked_twice_and_none_missing(
    settings: Settings, tmp_path: Path
) -> None:
    def away_after_three(_path: str, _params: Params) -> Answer | None:
        return Answer(503, "away") if len(first.asked) > 3 else None

    first, second = Exchange(away_after_three), Exchange()
    jobs = (candles_of(BTC), candles_of(ETH))
    with pytest.raises(TransientError):
        collected(settings, first, tmp_path, *jobs, concurrency=1)
    answered = first.asked[:3]
    found = collected(settings, second, tmp_path, *jobs, concurrency=1)
    assert not set(answered) & set(second.asked)
    assert len(answered) + len(second.asked) == 6
    for symbol in (BTC, ETH):
        assert numbers_of(found, symbol) == list(range(-COUNT, 10))
    # what is whole is not asked for at all
    third = Exchange()
    assert numbers_of(collected(settings, third, tmp_path, *jobs), ETH) == list(range(-COUNT, 10))
    assert third.asked == []


def test_a_symbol_that_is_not_listed_fails_alone(settings: Settings, tmp_path: Path) -> None:
    found = collected(settings, Exchange(), tmp_path, candles_of(NOPE), candles_of(BTC))
    assert list(found.failed) == [("candles", NOPE)]
    assert numbers_of(found, BTC) == list(range(-COUNT, 10))


def test_a_symbol_whose_pages_stay_wrong_fails_alone_and_they_are_quarantined(
    settings: Settings, tmp_path: Path
) -> None:
    def html(_path: str, params: Params) -> Answer | None:
        return Answer(200, "<html>") if params["symbol"] == "ETHUSDT" else None

    found = collected(settings, Exchange(html), tmp_path, candles_of(ETH), candles_of(BTC))
    assert list(found.failed) == [("candles", ETH)]
    assert [(refused.subject, refused.reason) for refused in found.refused] == [(ETH, "no_json")] * 3
    assert numbers_of(found, BTC) == list(range(-COUNT, 10))


def test_a_hole_that_stays_does_not_fail_its_symbol(settings: Settings, tmp_path: Path) -> None:
    def html(_path: str, params: Params) -> Answer | None:
        return Answer(200, "<html>") if params.get("startTime") == str(at(-500)) else None

    jobs = (candles_of(BTC), candles_of(BTC, -500, -400, purpose="gap"))
    found = collected(settings, Exchange(html), tmp_path, *jobs)
    assert list(found.failed) == [("candles (gap)", BTC)]


def interest_of(symbol: str) -> Job:
    return Job(series="open_interest", symbol=symbol, start_ms=at(0), end_ms=at(9))


@pytest.mark.parametrize("status", [503, 404, 400])
def test_an_optional_series_that_fails_is_named_and_spares_the_candles(
    settings: Settings, tmp_path: Path, status: int
) -> None:
    def refuse(path: str, _params: Params) -> Answer | None:
        return answer({"code": -1130, "msg": "no"}, status) if "openInterest" in path else None

    exchange = Exchange(refuse)
    jobs = [interest_of(BTC), interest_of(ETH), candles_of(BTC)]
    found = collected(settings, exchange, tmp_path, *jobs, concurrency=1)
    assert set(found.failed) == {("open_interest", BTC), ("open_interest", ETH)}
    # a series that its venue does not serve is not asked for symbol by symbol
    assert found.failed[("open_interest", ETH)] == f"Not asked for, after it failed for {BTC}."
    assert numbers_of(found, BTC) == list(range(-COUNT, 10))


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Answer(451, "blocked"), ConfigurationError),
        (Answer(503, "away"), TransientError),
        (answer({"code": -1003, "msg": "banned"}, 418, Retry_After="900"), RateLimitedError),
    ],
)
def test_a_venue_that_serves_no_candles_ends_the_collection(
    settings: Settings, tmp_path: Path, refusal: Answer, expected: type[Exception]
) -> None:
    with pytest.raises(expected) as raised:
        collected(settings, Exchange(lambda *_: refusal), tmp_path, candles_of(BTC), candles_of(ETH))
    assert not isinstance(raised.value, ExceptionGroup)


def test_a_ban_ends_the_collection_though_an_optional_series_met_it(settings: Settings, tmp_path: Path) -> None:
    banned = answer({"code": -1003, "msg": "banned"}, 418, Retry_After="900")
    with pytest.raises(RateLimitedError):
        collected(settings, Exchange(lambda *_: banned), tmp_path, interest_of(BTC))


def test_nothing_to_walk_is_nothing(settings: Settings, tmp_path: Path) -> None:
    assert collected(settings, Exchange(), tmp_path) == Collected()


def test_a_snapshot_is_taken_and_a_crossed_book_refused(settings: Settings, tmp_path: Path) -> None:
    def serve(path: str, params: Params) -> Answer | None:
        if path.endswith("/ticker/24hr"):
            return answer({"symbol": params["symbol"], "lastPrice": "100", "quoteVolume": "5000"})
        bid = "99.9" if params["symbol"] == "BTCUSDT" else "100.5"
        return answer({"E": at(14), "bids": [[bid, "2"]], "asks": [["100.1", "3"]]})

    jobs = [Job(series="snapshots", symbol=symbol, start_ms=at(11), end_ms=at(11)) for symbol in (BTC, ETH)]
    found = collected(settings, Exchange(serve), tmp_path, *jobs)
    (row,) = [row for piece in found.rows["snapshots"] for row in piece.to_pylist()]
    assert (row["symbol"], row["last"], row["bid_depth_usd"]) == (BTC, 100.0, pytest.approx(199.8))
    assert [(refused.subject, refused.reason) for refused in found.refused] == [(ETH, "crossed_book")]


def test_a_market_without_a_book_is_named_and_nothing_of_it_is_refused(settings: Settings, tmp_path: Path) -> None:
    def serve(path: str, params: Params) -> Answer | None:
        if path.endswith("/ticker/24hr"):
            return answer({"symbol": params["symbol"], "lastPrice": "100", "quoteVolume": "5000"})
        return answer({"E": at(14), "bids": [], "asks": []})

    job = Job(series="snapshots", symbol=BTC, start_ms=at(11), end_ms=at(11))
    found = collected(settings, Exchange(serve), tmp_path, job)
    assert found.failed == {("snapshots", BTC): f"The venue has no order book of {BTC} now."}
    assert (found.rows, found.refused) == ({}, [])


SYMBOLS = [f"A{number}/USDT:USDT" for number in range(20)]


@pytest.mark.parametrize("served", ["", "A3USDT"])
def test_a_series_that_nobody_has_is_not_asked_for_symbol_by_symbol(
    settings: Settings, tmp_path: Path, served: str
) -> None:
    def serve(path: str, params: Params) -> Answer | None:
        if path.endswith("/exchangeInfo"):
            return markets(*(symbol.split("/")[0] + "USDT" for symbol in SYMBOLS))
        if "markPrice" in path and params["symbol"] == served:
            return answer([kline(n) for n in range(10)])
        return answer([]) if "markPrice" in path else None

    def everything(path: str, params: Params) -> Answer:
        return serve(path, params) or exchange(path, params)

    exchange = Exchange()
    jobs = [Job(series="mark", symbol=symbol, start_ms=at(0), end_ms=at(9)) for symbol in SYMBOLS]
    found = collected(settings, everything, tmp_path, *jobs, concurrency=1)
    skipped = [symbol for _, symbol in found.failed]
    assert skipped == ([] if served else SYMBOLS[8:])
    assert all("had none of it" in told for told in found.failed.values())
