from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from include.config.settings import Settings
from include.core.clock import from_ms, to_ms
from include.core.columns import FEAR_GREED, FUNDING_RATES, GAPS, MACRO, OPEN_INTEREST, PRICE_CANDLES
from include.lake.lake import Lake
from include.market.plan import (
    FIRST_LISTING,
    Job,
    Window,
    make_jobs,
    newest_by_series,
    newest_fear_greed,
    window_of,
)
from tests.unit.lake.rows import START, candle, candles

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
NOW = datetime(2026, 1, 3, 9, 30, tzinfo=UTC)
LAST_CLOSED = to_ms(datetime(2026, 1, 3, 4, tzinfo=UTC))
HOURS_4 = 4 * 3_600_000
DAY = 6 * HOURS_4


def window(
    count: int | None = 100, start: datetime | None = None, end: datetime | None = None, is_refetch: bool = False
) -> Window:
    return window_of("4h", NOW, start, end, count, is_refetch=is_refetch)


def jobs_of(
    settings: Settings,
    wanted: Window | None = None,
    *series: str,
    listed: dict[str, int | None] | None = None,
    venue: str = "binanceusdm",
) -> tuple[tuple[Job, ...], dict[str, str]]:
    return make_jobs(
        Lake.of(settings), venue, listed or {BTC: None}, series or ("candles",), wanted or window(), to_ms(NOW)
    )


def spans(jobs: tuple[Job, ...]) -> list[tuple[str, int, int]]:
    return [(job.purpose, job.start_ms, job.end_ms) for job in jobs]


def number(n: float) -> int:
    """Open time of the n-th candle of `rows.candle`."""
    return to_ms(START) + int(n * HOURS_4)


def store(settings: Settings, *rows: dict[str, Any]) -> None:
    Lake.of(settings).merge("candles", candles(*rows))


def test_where_nothing_is_stored_the_last_candles_are_wanted_and_funding_up_to_their_close(settings: Settings) -> None:
    jobs, clipped = jobs_of(settings, window(100), "candles", "funding_rates")
    assert spans(jobs) == [
        ("newest", LAST_CLOSED - 99 * HOURS_4, LAST_CLOSED),
        ("newest", LAST_CLOSED - 99 * HOURS_4, LAST_CLOSED + HOURS_4),
    ]
    assert [job.known_ms for job in jobs] == [None, None]
    assert clipped == {}


def test_without_a_number_everything_since_the_listing_is_wanted(settings: Settings) -> None:
    # listed in the midst of a candle: the exchange has that one too
    listed = {BTC: LAST_CLOSED - 500 * HOURS_4 + 1_800_000, ETH: None}
    jobs, _ = jobs_of(settings, window(None), listed=listed)
    assert [(job.symbol, job.start_ms) for job in jobs] == [
        (BTC, LAST_CLOSED - 500 * HOURS_4),
        (ETH, to_ms(FIRST_LISTING)),
    ]


def test_nothing_before_the_listing_is_asked_for(settings: Settings) -> None:
    listed = LAST_CLOSED - 5 * HOURS_4
    assert jobs_of(settings, listed={BTC: listed})[0][0].start_ms == listed


def test_nothing_is_asked_of_a_symbol_that_is_listed_later_than_the_end(settings: Settings) -> None:
    assert jobs_of(settings, listed={BTC: LAST_CLOSED + HOURS_4}) == ((), {})


def test_a_stored_symbol_goes_on_with_its_last_three_candles_and_a_new_one_begins(settings: Settings) -> None:
    store(settings, *(candle(number=n) for n in (6, 7, 8)), candle(timeframe="1h", number=9), candle(venue="bybit"))
    jobs, _ = jobs_of(settings, window(8), listed={BTC: None, ETH: None})
    assert spans(jobs) == [
        ("newest", number(6), LAST_CLOSED),
        ("newest", LAST_CLOSED - 7 * HOURS_4, LAST_CLOSED),
    ]
    assert jobs[0].known_ms == number(8)


def test_a_lake_ahead_of_the_exchanges_clock_still_gets_its_overlap(settings: Settings) -> None:
    store(settings, candle(number=0), candle(number=500))
    job = jobs_of(settings, window(3))[0][0]
    assert (job.start_ms, job.end_ms, job.known_ms) == (LAST_CLOSED - 2 * HOURS_4, LAST_CLOSED, None)


def test_what_is_wanted_before_the_oldest_record_is_asked_for_too(settings: Settings) -> None:
    store(settings, candle(number=5), candle(number=8))
    jobs, _ = jobs_of(settings, window(100))
    assert spans(jobs) == [
        ("newest", number(6), LAST_CLOSED),
        ("older", LAST_CLOSED - 99 * HOURS_4, number(4)),
    ]
    assert len(jobs_of(settings, window(100), listed={BTC: number(5)})[0]) == 1


def test_a_named_window_leaves_out_what_is_stored_but_for_the_overlap(settings: Settings) -> None:
    store(settings, *(candle(number=n) for n in range(4, 9)))
    wanted = window(start=START, end=START + timedelta(hours=4 * 12))
    assert spans(jobs_of(settings, wanted)[0]) == [
        ("newest", number(6), number(11)),
        ("older", number(0), number(3)),
    ]


def test_a_window_before_everything_that_is_stored_ends_where_it_was_told_to(settings: Settings) -> None:
    store(settings, candle(number=100))
    wanted = window(start=START, end=START + timedelta(hours=4 * 12))
    jobs, _ = jobs_of(settings, wanted)
    assert ("older", number(0), number(11)) in spans(jobs)


def test_a_refetch_takes_the_window_whatever_is_stored(settings: Settings) -> None:
    store(settings, candle(number=8))
    start, end = datetime(2025, 12, 1, tzinfo=UTC), datetime(2025, 12, 2, tzinfo=UTC)
    jobs, _ = jobs_of(settings, window(start=start, end=end, is_refetch=True), "candles", "funding_rates")
    # the last candle that closes at the end opens four hours before it
    assert spans(jobs) == [("newest", to_ms(start), to_ms(end) - HOURS_4), ("newest", to_ms(start), to_ms(end))]


def test_an_end_in_the_future_is_the_exchanges_clock() -> None:
    assert window(end=NOW + timedelta(days=30)).end_ms == LAST_CLOSED


def test_fundings_go_on_a_day_before_the_newest(settings: Settings) -> None:
    day = datetime(2026, 1, 2, tzinfo=UTC)
    funding = {
        "venue": "binanceusdm",
        "symbol": BTC,
        "funding_time": day,
        "funding_rate": 0.0,
        "mark_price": None,
        "known_at": day,
    }
    Lake.of(settings).merge("funding_rates", pa.Table.from_pylist([funding], schema=FUNDING_RATES.schema))
    job = jobs_of(settings, window(100), "funding_rates")[0][0]
    assert (job.start_ms, job.known_ms) == (to_ms(day) - DAY, to_ms(day))


def test_prices_of_one_table_are_told_apart(settings: Settings) -> None:
    row = {name: value for name, value in candle(number=8).items() if name in PRICE_CANDLES.column_names}
    rows = pa.Table.from_pylist([row | {"price": "mark"}], schema=PRICE_CANDLES.schema)
    Lake.of(settings).merge("price_candles", rows)
    jobs, _ = jobs_of(settings, window(8), "mark", "premium")
    newest = {job.series: job.start_ms for job in jobs if job.purpose == "newest"}
    assert newest == {"mark": number(6), "premium": LAST_CLOSED - 7 * HOURS_4}


def test_a_series_that_is_kept_for_thirty_days_is_clipped_and_says_so(settings: Settings) -> None:
    jobs, clipped = jobs_of(settings, window(None), "open_interest", "taker_ratio")
    # thirty days before 09:30 lie between two candles: the next one is the first
    first = to_ms(datetime(2025, 12, 4, 12, tzinfo=UTC))
    assert spans(jobs) == [("newest", first, LAST_CLOSED + HOURS_4), ("newest", first, LAST_CLOSED)]
    assert clipped["open_interest"] == "The venue keeps records from 2025-12-04 12:00 UTC on."


def test_an_accumulated_series_goes_on_where_it_was_left_and_is_not_filled_before_that(settings: Settings) -> None:
    stored = to_ms(datetime(2026, 1, 2, 20, tzinfo=UTC))
    row = {
        "venue": "binanceusdm",
        "symbol": BTC,
        "timeframe": "4h",
        "timestamp": from_ms(stored),
        "open_interest": 1.0,
        "known_at": from_ms(stored),
    }
    Lake.of(settings).merge("open_interest", pa.Table.from_pylist([row], schema=OPEN_INTEREST.schema))
    jobs, clipped = jobs_of(settings, window(6), "open_interest")
    assert spans(jobs)[0] == ("newest", stored - 2 * HOURS_4, LAST_CLOSED + HOURS_4)
    assert clipped == {}


def test_bybit_keeps_its_open_interest(settings: Settings) -> None:
    _, clipped = jobs_of(settings, window(None), "open_interest", venue="bybit")
    assert clipped == {}


def test_a_snapshot_is_asked_for_once_and_now(settings: Settings) -> None:
    jobs, _ = jobs_of(settings, window(), "snapshots", listed={BTC: None, ETH: None})
    assert spans(jobs) == [("newest", to_ms(NOW), to_ms(NOW))] * 2


def gap(**changes: Any) -> dict[str, Any]:
    row = {
        "source": "candles",
        "venue": "binanceusdm",
        "subject": BTC,
        "timeframe": "4h",
        "first_missing": from_ms(number(3)),
        "last_missing": from_ms(number(4)),
        "missing_count": 2,
        "status": "open",
        "reason": "",
        "attempts": 0,
        "found_at": NOW,
        "tried_at": None,
    }
    return row | changes


@pytest.mark.parametrize(
    ("changes", "is_asked"),
    [
        ({}, True),
        ({"attempts": 2}, True),
        ({"attempts": 3}, False),
        ({"status": "lost"}, False),
        ({"status": "filled"}, False),
        ({"venue": "bybit"}, False),
        ({"timeframe": "1h"}, False),
        ({"source": "open_interest"}, False),
        ({"subject": ETH}, False),
    ],
)
def test_holes_of_the_ledger_are_asked_for_again_as_often_as_they_may(
    settings: Settings, changes: dict[str, Any], is_asked: bool
) -> None:
    store(settings, *(candle(number=n) for n in (0, 1, 2, 5, 6, 7, 8)))
    Lake.of(settings).merge("gaps", pa.Table.from_pylist([gap(**changes)], schema=GAPS.schema))
    jobs, _ = jobs_of(settings, window(14))
    assert (("gap", number(3), number(4)) in spans(jobs)) == is_asked


def test_a_hole_outside_of_what_is_wanted_is_left(settings: Settings) -> None:
    store(settings, *(candle(number=n) for n in (0, 1, 2, 5, 6, 7, 8)))
    Lake.of(settings).merge("gaps", pa.Table.from_pylist([gap()], schema=GAPS.schema))
    assert [job.purpose for job in jobs_of(settings, window(8))[0]] == ["newest"]


def test_shared_series_go_on_with_their_newest(settings: Settings) -> None:
    lake, day = Lake.of(settings), datetime(2026, 1, 2, tzinfo=UTC)
    assert newest_fear_greed(lake) is None
    assert newest_by_series(lake) == {}
    mood = [
        {"timestamp": day - timedelta(days=n), "value": 9, "classification": word, "known_at": day}
        for n, word in enumerate(["Fear", "Greed"])
    ]
    lake.merge("fear_greed", pa.Table.from_pylist(mood, schema=FEAR_GREED.schema))
    published = day + timedelta(days=1)
    macro = {"series": "DGS10", "date": day, "vintage": published, "value": 4.0, "known_at": published}
    lake.merge("macro", pa.Table.from_pylist([macro], schema=MACRO.schema))
    assert newest_fear_greed(lake) == to_ms(day)
    assert newest_by_series(lake) == {"DGS10": to_ms(published)}


def test_of_a_recent_series_no_more_than_thirty_days_are_wanted(settings: Settings) -> None:
    jobs, clipped = make_jobs(
        Lake.of(settings), "binanceusdm", {BTC: None}, ("mark", "premium"), window(None), to_ms(NOW), ("mark",)
    )
    assert {job.series: job.start_ms for job in jobs} == {
        "mark": LAST_CLOSED - 30 * DAY,
        "premium": to_ms(FIRST_LISTING),
    }
    assert clipped == {}


def test_settlements_before_the_listing_are_asked_for(settings: Settings) -> None:
    listed = LAST_CLOSED - 90 * DAY
    jobs, _ = jobs_of(settings, window(None), "funding_rates", listed={BTC: listed})
    assert jobs[0].start_ms == listed - 30 * DAY
