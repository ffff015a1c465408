import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.sandbox.candle_page import as_seen, newest_rows, page_of, page_rows
from include.sandbox.market_data import CandleSeries
from tests.unit.sandbox.recordings import FOUR_HOURS, START, candle_series

TIMES = np.arange(10, dtype=np.int64) * 100  # 0, 100 … 900


@pytest.mark.parametrize(
    ("now", "start", "end", "limit", "expected"),
    [
        (10_000, None, None, 3, [700, 800, 900]),  # latest
        (10_000, 200, None, 3, [200, 300, 400]),  # ascending from the start
        (10_000, 201, None, 2, [300, 400]),  # a start between two candles
        (10_000, None, 500, 2, [400, 500]),  # latest up to the end, included
        (10_000, 200, 400, 9, [200, 300, 400]),
        (10_000, 200, 400, 2, [200, 300]),  # the start wins over the end
        (450, None, None, 2, [300, 400]),  # what opens later does not exist yet
        (400, None, None, 1, [400]),  # a candle exists from its first instant on
        (450, 500, None, 5, []),
        (10_000, 900, None, 5, [900]),
        (10_000, 901, None, 5, []),
        (10_000, 500, 300, 5, []),
        (10_000, None, None, 100, TIMES.tolist()),
    ],
)
def test_a_page_holds_the_rows_that_the_exchange_would_send(
    now: int, start: int | None, end: int | None, limit: int, expected: list[int]
) -> None:
    first, stop = page_rows(TIMES, now, start, end, limit)
    assert TIMES[first:stop].tolist() == expected


@given(
    times=st.lists(st.integers(0, 200), unique=True).map(sorted),
    now=st.integers(0, 250),
    start=st.none() | st.integers(0, 250),
    end=st.none() | st.integers(0, 250),
    limit=st.integers(1, 30),
)
def test_a_page_equals_filtering_row_by_row(
    times: list[int], now: int, start: int | None, end: int | None, limit: int
) -> None:
    wanted = [t for t in times if t <= now and (start is None or t >= start) and (end is None or t <= end)]
    expected = wanted[-limit:] if start is None else wanted[:limit]
    first, stop = page_rows(np.array(times, np.int64), now, start, end, limit)
    assert times[first:stop] == expected


@given(
    times=st.lists(st.integers(0, 200), unique=True).map(sorted),
    now=st.integers(0, 250),
    start=st.none() | st.integers(0, 250),
    end=st.none() | st.integers(0, 250),
    limit=st.integers(1, 30),
)
def test_the_newest_rows_of_a_span_equal_filtering_row_by_row(
    times: list[int], now: int, start: int | None, end: int | None, limit: int
) -> None:
    wanted = [t for t in times if t <= now and (start is None or t >= start) and (end is None or t <= end)]
    first, stop = newest_rows(np.array(times, np.int64), now, start, end, limit)
    assert times[first:stop] == wanted[-limit:]


def test_a_page_ends_with_the_open_candle_as_it_stands() -> None:
    candles = candle_series(open=[1, 5], high=[3, 9], low=[1, 5], close=[2, 9], volume=[4, 4])
    page = page_of(candles, (1, 2), FOUR_HOURS, START + FOUR_HOURS + FOUR_HOURS // 2)
    assert (page.open.tolist(), page.volume.tolist()) == ([5], [2])


def rising() -> CandleSeries:
    """One candle 100 → 104 that first falls to 98 and then rises to 110."""
    return candle_series(
        open=[100],
        high=[110],
        low=[98],
        close=[104],
        volume=[40],
        quote_volume=[4100],
        trades=[9],
        taker_buy_volume=[20],
    )


def test_a_closed_candle_is_seen_whole() -> None:
    whole = rising()
    assert as_seen(whole, FOUR_HOURS, START + FOUR_HOURS) is whole


@pytest.mark.parametrize(
    ("fraction", "high", "low", "close"),
    [
        (0.0, 100, 100, 100),
        (0.125, 100, 99, 99),  # half of the way to the first extreme
        (0.25, 100, 98, 98),
        (0.5, 104, 98, 104),  # half of the way from 98 to 110
        (0.75, 110, 98, 110),
        (0.875, 110, 98, 107),
    ],
)
def test_an_open_candle_shows_only_what_has_happened(fraction: float, high: float, low: float, close: float) -> None:
    seen = as_seen(rising(), FOUR_HOURS, START + round(fraction * FOUR_HOURS))
    assert (seen.open[0], seen.high[0], seen.low[0], seen.close[0]) == (100, high, low, close)
    assert seen.volume[0] == round(40 * fraction)
    assert seen.trades[0] == int(9 * fraction)
    assert np.isnan(seen.taker_buy_quote_volume[0])


def test_only_the_last_candle_of_a_page_can_be_open() -> None:
    page = candle_series(open=[1, 5], high=[3, 9], low=[1, 5], close=[2, 9], volume=[4, 4])
    seen = as_seen(page, FOUR_HOURS, START + FOUR_HOURS + FOUR_HOURS // 2)
    assert (seen.high[0], seen.volume[0]) == (3, 4)
    assert seen.volume[1] == 2


def test_a_seen_candle_leaves_the_markets_own_data_alone() -> None:
    whole = rising()
    as_seen(whole, FOUR_HOURS, START + 1)
    assert (whole.high[0], whole.volume[0]) == (110, 40)


def test_an_empty_page_stays_empty() -> None:
    empty = rising().rows(0, 0)
    assert len(as_seen(empty, FOUR_HOURS, START)) == 0


@given(st.floats(0, 1), st.integers(0, 3))
def test_a_seen_candle_is_coherent_at_every_instant(fraction: float, decimals: int) -> None:
    unit = 10.0**-decimals
    whole = candle_series(open=[5 * unit], high=[9 * unit], low=[2 * unit], close=[3 * unit], volume=[7 * unit])
    seen = as_seen(whole, FOUR_HOURS, START + int(fraction * FOUR_HOURS))
    assert whole.low[0] <= seen.low[0] <= min(seen.open[0], seen.close[0])
    assert max(seen.open[0], seen.close[0]) <= seen.high[0] <= whole.high[0]
    assert 0 <= seen.volume[0] <= whole.volume[0]
