from itertools import pairwise

from include.core.timeframes import DAY_MS, HOUR_MS
from include.market.exchange import Venue
from include.market.funding import PAGE_LIMIT, fetch_fundings

BTC = "BTC/USDT:USDT"


def test_fundings_of_several_pages_are_whole_and_on_the_minute(venue: Venue) -> None:
    days = 2 * PAGE_LIMIT // 3
    rows = fetch_fundings(venue, BTC, venue.now_ms - days * DAY_MS, venue.now_ms).rows
    times = rows["funding_time"].cast("int64").to_pylist()
    assert len(times) > PAGE_LIMIT
    assert all(time % 60_000 == 0 for time in times)
    assert {later - earlier for earlier, later in pairwise(times)} <= {HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS}
    assert rows["known_at"].equals(rows["funding_time"])


def test_no_funding_after_the_exchanges_clock_or_the_end_is_taken(venue: Venue) -> None:
    end = venue.now_ms - 10 * DAY_MS
    rows = fetch_fundings(venue, BTC, end - 2 * DAY_MS, end).rows
    assert max(rows["funding_time"].cast("int64").to_pylist()) <= end
    assert rows.num_rows >= 6


def test_a_span_before_the_first_settlement_has_no_rows_and_no_error(venue: Venue) -> None:
    fetched = fetch_fundings(venue, BTC, 0, DAY_MS)
    assert fetched.rows.num_rows == 0
    assert fetched.reached_ms is None
