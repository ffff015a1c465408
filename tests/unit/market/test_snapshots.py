from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from include.core.clock import to_ms
from include.core.columns import SNAPSHOTS
from include.core.errors import InvalidInputError
from include.market.endpoint import Call
from include.market.pages import Span
from include.market.snapshots import read_snapshot, snapshot_calls

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
NOW_MS = to_ms(NOW)
# the middle is 100: 99.0 and 101.0 are the last levels within 1 %
BIDS = [["99.9", "10"], ["99.0", "5"], ["98.9", "1000"]]
ASKS = [["100.1", "2"], ["101.0", "1"], ["101.2", "1000"]]
DEPTH = 99.9 * 10 + 99.0 * 5, 100.1 * 2 + 101.0 * 1
ANSWERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "binanceusdm": (
        {"symbol": "BTCUSDT", "lastPrice": "100.05", "quoteVolume": "123456.7", "closeTime": NOW_MS},
        {"lastUpdateId": 1, "E": NOW_MS, "T": NOW_MS - 3, "bids": BIDS, "asks": ASKS},
    ),
    "bybit": (
        {
            "retCode": 0,
            "result": {
                "category": "linear",
                "list": [{"symbol": "BTCUSDT", "lastPrice": "100.05", "turnover24h": "123456.7"}],
            },
        },
        {"retCode": 0, "result": {"s": "BTCUSDT", "b": BIDS, "a": ASKS, "ts": NOW_MS, "u": 7}},
    ),
}
VENUES = sorted(ANSWERS)


def span(venue: str) -> Span:
    return Span(venue, "BTC/USDT:USDT", NOW_MS, NOW_MS, NOW_MS)


def book_of(venue: str, document: dict[str, Any]) -> tuple[dict[str, Any], str, str, str]:
    return (document, "bids", "asks", "E") if venue == "binanceusdm" else (document["result"], "b", "a", "ts")


@pytest.mark.parametrize("venue", VENUES)
def test_a_snapshot_tells_spread_and_depth(venue: str) -> None:
    page = read_snapshot("BTCUSDT", *ANSWERS[venue], span(venue))
    assert page.refused == ()
    assert page.rows.schema.equals(SNAPSHOTS.schema)
    row = page.rows.to_pylist()[0]
    assert row["spread_bps"] == pytest.approx(20.0)
    assert (row["bid_depth_usd"], row["ask_depth_usd"]) == pytest.approx(DEPTH)
    assert (row["last"], row["bid"], row["ask"], row["quote_volume_24h"]) == (100.05, 99.9, 100.1, 123456.7)
    assert row["timestamp"] == row["known_at"] == NOW


def test_a_snapshot_is_two_requests() -> None:
    assert snapshot_calls("binanceusdm", "BTCUSDT") == (
        Call("fapiPublicGetTicker24hr", {"symbol": "BTCUSDT"}, "weight", 1),
        Call("fapiPublicGetDepth", {"symbol": "BTCUSDT", "limit": 500}, "weight", 10),
    )
    assert [call.method for call in snapshot_calls("bybit", "BTCUSDT")] == [
        "publicGetV5MarketTickers",
        "publicGetV5MarketOrderbook",
    ]
    with pytest.raises(InvalidInputError, match="was 'okx'"):
        snapshot_calls("okx", "BTC")


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(
    ("reason", "levels"),
    [
        ("shape", None),
        ("shape", [["99.9"]]),
        ("shape", ["99.9"]),
        ("not_numeric", [["99.9", "many"]]),
        ("not_numeric", [["99.9", None]]),
        ("not_finite", [["inf", "1"]]),
        ("not_positive", [["0", "1"]]),
        ("not_positive", [["99.9", "-1"]]),
        ("empty_book", []),
        ("crossed_book", [["100.1", "1"]]),
    ],
)
def test_a_bad_book_is_refused_with_both_answers(venue: str, reason: str, levels: Any) -> None:
    ticker, book = deepcopy(ANSWERS[venue])
    document, bids, _, _ = book_of(venue, book)
    document[bids] = levels
    page = read_snapshot("BTCUSDT", ticker, book, span(venue))
    assert page.rows.num_rows == 0
    assert page.refused == ((reason, {"ticker": ticker, "book": book}),)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(("reason", "minutes"), [("", -5), ("", 5), ("stale", -5.001), ("future", 5.001)])
def test_a_book_of_another_time_is_refused(venue: str, reason: str, minutes: float) -> None:
    ticker, book = deepcopy(ANSWERS[venue])
    document, _, _, time = book_of(venue, book)
    document[time] = NOW_MS + int(minutes * 60_000)
    assert [told for told, _ in read_snapshot("BTCUSDT", ticker, book, span(venue)).refused] == [reason] * bool(reason)


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("wrong_symbol", {"symbol": "ETHUSDT"}),
        ("not_numeric", {"lastPrice": None}),
        ("not_numeric", {"quoteVolume": "much"}),
        ("not_finite", {"quoteVolume": "NaN"}),
        ("not_positive", {"lastPrice": "0"}),
        ("not_positive", {"quoteVolume": "-1"}),
    ],
)
def test_a_bad_ticker_is_refused(reason: str, changes: dict[str, Any]) -> None:
    ticker, book = ANSWERS["binanceusdm"]
    page = read_snapshot("BTCUSDT", ticker | changes, book, span("binanceusdm"))
    assert [told for told, _ in page.refused] == [reason]


@pytest.mark.parametrize("document", [None, [], "text", {"result": None}, {"result": {"list": []}}])
def test_an_answer_of_another_shape_is_refused(document: Any) -> None:
    assert read_snapshot("BTCUSDT", document, document, span("bybit")).refused[0][0] == "shape"


def test_a_volume_that_the_venue_does_not_tell_is_null() -> None:
    ticker, book = ANSWERS["binanceusdm"]
    page = read_snapshot("BTCUSDT", ticker | {"quoteVolume": ""}, book, span("binanceusdm"))
    assert page.rows["quote_volume_24h"].to_pylist() == [None]
