from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.core.columns import CANDLES, LONG_SHORT_RATIO
from include.market.endpoints import endpoint
from include.market.errors import PageError
from include.market.pages import Span
from tests.unit.market.klines import SYMBOL, at

DAY = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = Span("bybit", SYMBOL, at(0), at(9), at(11))


def envelope(rows: Any, **told: Any) -> dict[str, Any]:
    return {
        "retCode": 0,
        "retMsg": "OK",
        "result": {"category": "linear", "symbol": "BTCUSDT", "list": rows} | told,
        "retExtInfo": {},
        "time": at(11),
    }


def kline(number: int) -> list[str]:
    return [str(at(number)), "100", "110", "90", "105", "7.5", "770.25"]


def test_candles_come_newest_first_with_turnover_and_without_trades() -> None:
    candles = endpoint("bybit", "candles", "BTCUSDT", "4h")
    page = candles.check(candles.unwrap(envelope([kline(2), kline(1), kline(0)])), SPAN)
    assert page.rows.schema.equals(CANDLES.schema)
    assert page.refused == ()
    assert [row["open_time"] for row in page.rows.to_pylist()] == [DAY + timedelta(hours=4 * n) for n in range(3)]
    assert page.rows.to_pylist()[0] == {
        "venue": "bybit",
        "symbol": SYMBOL,
        "timeframe": "4h",
        "open_time": DAY,
        "open": 100.0,
        "high": 110.0,
        "low": 90.0,
        "close": 105.0,
        "volume": 7.5,
        "quote_volume": 770.25,
        "trades_count": None,
        "taker_buy_volume": None,
        "taker_buy_quote_volume": None,
        "known_at": DAY + timedelta(hours=4),
    }
    assert page.newest_ms == at(2)


def test_the_candle_still_open_is_left_out() -> None:
    candles = endpoint("bybit", "candles", "BTCUSDT", "4h")
    page = candles.check([kline(4), kline(3)], Span("bybit", SYMBOL, at(0), at(9), at(4) + 1))
    assert (page.rows.num_rows, page.refused, page.newest_ms) == (1, (), at(4))


def test_the_ratio_is_that_of_the_two_shares() -> None:
    found = endpoint("bybit", "long_short_ratio", "BTCUSDT", "4h")
    row = {"symbol": "BTCUSDT", "buyRatio": "0.6", "sellRatio": "0.4", "timestamp": str(at(1))}
    page = found.check([row], SPAN)
    assert page.rows.schema.equals(LONG_SHORT_RATIO.schema)
    told = page.rows.to_pylist()[0]
    assert told["long_short_ratio"] == pytest.approx(1.5)
    assert (told["long_share"], told["short_share"]) == (0.6, 0.4)
    assert told["known_at"] == told["timestamp"] == DAY + timedelta(hours=4)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"retCode": 0},
        {"result": None},
        {"result": {"list": None}},
        {"result": {"list": {}}},
        envelope([], symbol="ETHUSDT"),
        envelope([], category="spot"),
    ],
)
def test_an_answer_without_the_page_that_was_asked_for_is_an_error_that_carries_it(document: Any) -> None:
    with pytest.raises(PageError, match="A page must") as raised:
        endpoint("bybit", "candles", "BTCUSDT", "4h").unwrap(document)
    assert raised.value.payload == document


def test_fundings_carry_no_market_of_their_own_in_the_envelope() -> None:
    fundings = endpoint("bybit", "funding_rates", "BTCUSDT", "4h")
    row = {"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingRateTimestamp": str(at(2))}
    document = envelope([row])
    del document["result"]["symbol"]
    assert fundings.check(fundings.unwrap(document), SPAN).rows.to_pylist() == [
        {
            "venue": "bybit",
            "symbol": SYMBOL,
            "funding_time": DAY + timedelta(hours=8),
            "funding_rate": 0.0001,
            "mark_price": None,
            "known_at": DAY + timedelta(hours=8),
        }
    ]
