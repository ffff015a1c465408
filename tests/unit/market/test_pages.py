from datetime import UTC, datetime, timedelta

import pytest

from include.core.clock import to_ms
from include.core.columns import CANDLES, FUNDING_RATES
from include.market.endpoints import endpoint
from include.market.errors import PageError
from include.market.pages import Span
from tests.unit.market.klines import SYMBOL, at, kline, span

DAY = datetime(2026, 1, 1, tzinfo=UTC)
check_klines = endpoint("binanceusdm", "candles", "BTCUSDT", "4h").check
check_fundings = endpoint("binanceusdm", "funding_rates", "BTCUSDT", "4h").check


def test_a_good_page_becomes_closed_candles_with_all_twelve_fields() -> None:
    page = check_klines([kline(0), kline(1, close="104.5")], span())
    assert page.rows.schema.equals(CANDLES.schema)
    assert page.rows.to_pylist()[1] == {
        "venue": "binanceusdm",
        "symbol": SYMBOL,
        "timeframe": "4h",
        "open_time": DAY + timedelta(hours=4),
        "open": 100.0,
        "high": 110.0,
        "low": 90.0,
        "close": 104.5,
        "volume": 7.5,
        "quote_volume": 770.25,
        "trades_count": 12,
        "taker_buy_volume": 3.5,
        "taker_buy_quote_volume": 360.5,
        "known_at": DAY + timedelta(hours=8),
    }
    assert page.refused == ()
    assert page.newest_ms == at(1)
    assert page.count == 2


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        ("shape", [1, 2, 3]),
        ("shape", "text"),
        ("shape", [*kline(1), "13th"]),
        ("not_numeric", kline(1, high="high")),
        ("not_numeric", kline(1, close=None)),
        ("not_numeric", kline(1, open_time="soon")),
        ("not_numeric", kline(1, trades="many")),
        ("not_finite", kline(1, high="inf")),
        ("not_finite", kline(1, high="inf", volume="0", quote_volume="0")),
        ("not_finite", kline(1, close="NaN")),
        ("not_finite", kline(1, quote_volume="Infinity")),
        ("not_positive", kline(1, low="0")),
        ("not_positive", kline(1, open="-1")),
        ("negative_amount", kline(1, volume="-0.5")),
        ("negative_amount", kline(1, trades=-3)),
        ("negative_amount", kline(1, taker="-0.5")),
        ("high_below_low", kline(1, high="80")),
        ("outside_range", kline(1, close="111")),
        ("outside_range", kline(1, open="89")),
        ("off_grid", kline(1, open_time=at(1) + 60_000, close_time=at(2) + 59_999)),
        ("wrong_close_time", kline(1, close_time=at(2))),
        ("future", kline(12)),
        ("outside_request", kline(-1)),
        ("outside_request", kline(10)),
    ],
)
def test_a_bad_row_is_refused_with_its_reason_and_the_rest_of_the_page_is_kept(reason: str, bad: object) -> None:
    page = check_klines([kline(0), bad, kline(2)], span(now=11.0))
    assert page.refused == ((reason, bad),)
    assert [row["open_time"] for row in page.rows.to_pylist()] == [DAY, DAY + timedelta(hours=8)]


def test_fields_that_a_source_does_not_know_are_null() -> None:
    row = kline(0, quote_volume=None, trades=None, taker=None, taker_quote=None)
    candle = check_klines([row], span()).rows.to_pylist()[0]
    assert candle["quote_volume"] is None
    assert candle["trades_count"] is None
    assert candle["taker_buy_volume"] is None
    assert candle["taker_buy_quote_volume"] is None


def test_the_candle_still_open_by_the_exchanges_clock_is_left_out_without_a_reason() -> None:
    page = check_klines([kline(4), kline(5)], span(last=5, now=5.999))
    assert page.rows.num_rows == 1
    assert page.refused == ()
    assert page.newest_ms == at(5)


def test_a_candle_is_closed_from_the_instant_of_its_end() -> None:
    assert check_klines([kline(5)], span(now=6)).rows.num_rows == 1
    one_ms_before = Span("binanceusdm", SYMBOL, at(0), at(9), at(6) - 1)
    assert check_klines([kline(5)], one_ms_before).rows.num_rows == 0


def test_a_page_in_disorder_is_sorted_and_identical_rows_merge() -> None:
    page = check_klines([kline(2), kline(0), kline(1), kline(0)], span())
    assert [row["open_time"] for row in page.rows.to_pylist()] == [DAY + timedelta(hours=4 * n) for n in range(3)]
    assert page.refused == ()


def test_rows_that_contradict_each_other_are_all_refused() -> None:
    other = kline(1, close="104")
    page = check_klines([kline(0), kline(1), other], span())
    assert page.rows.num_rows == 1
    assert page.refused == (("conflicting_duplicate", kline(1)), ("conflicting_duplicate", other))


def test_a_refused_row_still_tells_how_far_the_page_reaches() -> None:
    assert check_klines([kline(0), kline(1, high="nan")], span()).newest_ms == at(1)
    assert check_klines([kline(0), kline(50)], span()).newest_ms == at(0)


def test_an_empty_page_is_empty_and_a_page_that_is_no_list_is_an_error() -> None:
    page = check_klines([], span())
    assert (page.rows.num_rows, page.newest_ms, page.count) == (0, None, 0)
    for wrong in ("[[1", {"code": 0}, None):
        with pytest.raises(PageError, match="must be a list"):
            check_klines(wrong, span())


def funding(number: int, late_ms: int = 3, **changes: object) -> dict[str, object]:
    row = {
        "symbol": "BTCUSDT",
        "fundingTime": at(2 * number) + late_ms,
        "fundingRate": "0.00012500",
        "markPrice": "101.5",
    }
    return row | changes


def test_fundings_are_rounded_to_the_minute_and_known_at_their_settlement() -> None:
    page = check_fundings([funding(0), funding(1, late_ms=-2)], span())
    assert page.rows.schema.equals(FUNDING_RATES.schema)
    assert page.rows.to_pylist() == [
        {
            "venue": "binanceusdm",
            "symbol": SYMBOL,
            "funding_time": DAY + timedelta(hours=8 * n),
            "funding_rate": 0.000125,
            "mark_price": 101.5,
            "known_at": DAY + timedelta(hours=8 * n),
        }
        for n in (0, 1)
    ]
    assert page.newest_ms == at(2) - 2


@pytest.mark.parametrize("mark", ["", None, "0.00000000", "0"])
def test_a_mark_price_that_was_not_kept_is_null(mark: str | None) -> None:
    assert check_fundings([funding(0, markPrice=mark)], span()).rows["mark_price"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        ("shape", {"fundingRate": "0.1"}),
        ("shape", [1, 2]),
        ("not_numeric", funding(1, fundingRate="none")),
        ("not_numeric", funding(1, fundingTime="later")),
        ("not_numeric", funding(1, markPrice="?")),
        ("not_finite", funding(1, fundingRate="NaN")),
        ("implausible_rate", funding(1, fundingRate="1.0")),
        ("future", funding(6)),
        ("outside_request", funding(5)),
    ],
)
def test_a_bad_funding_is_refused_with_its_reason(reason: str, bad: object) -> None:
    page = check_fundings([funding(0), bad], span())
    assert page.refused == ((reason, bad),)
    assert page.rows.num_rows == 1


def test_two_rates_of_one_settlement_are_both_refused() -> None:
    page = check_fundings([funding(0), funding(0, late_ms=9, fundingRate="0.0002")], span())
    assert [reason for reason, _ in page.refused] == ["conflicting_duplicate"] * 2
    assert page.rows.num_rows == 0


def test_fundings_that_are_all_absent_leave_an_empty_table() -> None:
    assert check_fundings([], span()).rows.schema.equals(FUNDING_RATES.schema)
    assert to_ms(DAY) == at(0)
