from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.config.settings import Settings
from include.core.clock import from_ms, to_ms
from include.market.candles import PAGE_LIMIT, fetch_candles
from include.market.errors import SymbolUnavailableError
from include.market.exchange import Venue, open_exchange, open_venue
from include.market.retry import Retry, RetryPolicy
from tests.unit.market.answers import Answer, answer, answering
from tests.unit.market.klines import at, kline

BTC = "BTC/USDT:USDT"
HOURS_4 = 4 * 3_600_000


def test_candles_of_several_pages_are_whole_closed_and_end_before_the_exchanges_clock(venue: Venue) -> None:
    end = venue.now_ms - venue.now_ms % HOURS_4
    start = end - (2 * PAGE_LIMIT + 10) * HOURS_4
    rows = fetch_candles(venue, BTC, "4h", start, end + HOURS_4).rows
    times = rows["open_time"].cast("int64").to_pylist()
    assert times == list(range(start, end, HOURS_4))
    assert max(rows["known_at"].to_pylist()) <= venue.market_now


def test_a_start_off_the_grid_is_rounded_up(venue: Venue) -> None:
    end = venue.now_ms - venue.now_ms % HOURS_4
    rows = fetch_candles(venue, BTC, "4h", end - 3 * HOURS_4 + 1, end).rows
    assert rows["open_time"].cast("int64").to_pylist() == [end - 2 * HOURS_4, end - HOURS_4]


def test_the_answer_equals_what_ccxt_itself_parses(venue: Venue) -> None:
    end = venue.now_ms - venue.now_ms % HOURS_4
    ours = fetch_candles(venue, BTC, "4h", end - 50 * HOURS_4, end - HOURS_4).rows
    theirs = venue.exchange.fetch_ohlcv(BTC, "4h", since=end - 50 * HOURS_4, limit=50)
    columns = ("open", "high", "low", "close", "volume")
    assert [list(row) for row in zip(*(ours[name].to_pylist() for name in columns), strict=True)] == [
        row[1:] for row in theirs
    ]


def test_an_unlisted_symbol_is_that_symbols_failure(venue: Venue) -> None:
    with pytest.raises(SymbolUnavailableError):
        fetch_candles(venue, "NOPE/USDT:USDT", "4h", 0, venue.now_ms)


def test_a_symbol_without_any_candle_in_the_span_fails_by_name(venue: Venue) -> None:
    early = to_ms(datetime(2015, 1, 1, tzinfo=UTC))
    with pytest.raises(SymbolUnavailableError, match=r"no 4h candles of BTC/USDT:USDT"):
        fetch_candles(venue, BTC, "4h", early, early + 10 * HOURS_4)


def test_malformed_pages_are_asked_for_again(online: Settings, venue: Venue) -> None:
    answers = [Answer(200, "<html>maintenance</html>"), Answer(200, "null"), answer([kline(0), kline(1)])]
    with answering(answers) as (url, asked):
        exchange = open_exchange(online.model_copy(update={"exchange_url": url}))
        exchange.set_markets(list(venue.exchange.markets.values()))
        quick = Retry(RetryPolicy(attempts=3), sleep=lambda _: None)
        faulty = replace(venue, exchange=exchange, retry=quick, market_now=from_ms(at(9)))
        rows = fetch_candles(faulty, BTC, "4h", at(0), at(1)).rows
    assert rows.num_rows == 2
    assert [params["limit"] for _, params in asked.requests] == ["2", "2", "2"]


def test_a_wait_asked_for_by_the_venue_is_kept(online: Settings, venue: Venue) -> None:
    waits: list[float] = []
    limited = answer({"code": -1003, "msg": "Too many requests."}, 429, Retry_After="11")
    with answering([limited, answer([kline(0)])]) as (url, _):
        exchange = open_exchange(online.model_copy(update={"exchange_url": url}))
        exchange.set_markets(list(venue.exchange.markets.values()))
        faulty = replace(venue, exchange=exchange, retry=Retry(sleep=waits.append), market_now=from_ms(at(9)))
        fetch_candles(faulty, BTC, "4h", at(0), at(0))
    assert waits == [11.0]


def test_opening_a_venue_reads_the_clock_of_the_sandbox(online: Settings) -> None:
    assert open_venue(online).market_now > datetime.now(UTC) - timedelta(days=3650)
