from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.core.columns import BASIS, OPEN_INTEREST, PRICE_CANDLES, TAKER_RATIO
from include.market.endpoints import endpoint
from tests.unit.market.klines import SYMBOL, at, kline, span

DAY = datetime(2026, 1, 1, tzinfo=UTC)
COMMON = {"venue": "binanceusdm", "symbol": SYMBOL, "timeframe": "4h"}


def check(series: str, *rows: Any) -> Any:
    return endpoint("binanceusdm", series, "BTCUSDT", "4h").check(list(rows), span())


@pytest.mark.parametrize("price", ["mark", "index"])
def test_the_zeros_that_stand_for_absent_fields_of_a_price_are_read_by_nobody(price: str) -> None:
    row = kline(0, volume="0", quote_volume="0", trades=14_400, taker="0", taker_quote="0")
    page = check(price, row)
    assert page.rows.schema.equals(PRICE_CANDLES.schema)
    assert page.rows.to_pylist() == [
        {
            "venue": "binanceusdm",
            "symbol": SYMBOL,
            "price": price,
            "timeframe": "4h",
            "open_time": DAY,
            "open": 100.0,
            "high": 110.0,
            "low": 90.0,
            "close": 105.0,
            "known_at": DAY + timedelta(hours=4),
        }
    ]


def test_a_premium_may_be_negative_and_a_price_may_not() -> None:
    row = kline(0, open="-0.0004", high="0.0002", low="-0.0005", close="-0.0001")
    premium = check("premium", row)
    assert premium.rows["close"].to_pylist() == [-0.0001]
    assert premium.rows["price"].to_pylist() == ["premium"]
    assert [reason for reason, _ in check("mark", row).refused] == ["not_positive"]
    assert [reason for reason, _ in check("premium", kline(0)).refused] == ["implausible_rate"]


def test_open_interest_is_known_at_its_time() -> None:
    row = {
        "symbol": "BTCUSDT",
        "sumOpenInterest": "88596.53600000",
        "sumOpenInterestValue": "6154301000.5",
        "CMCCirculatingSupply": "19985000.0",
        "timestamp": at(1),
    }
    page = check("open_interest", row)
    assert page.rows.schema.equals(OPEN_INTEREST.schema)
    assert page.rows.to_pylist() == [
        {
            **COMMON,
            "timestamp": DAY + timedelta(hours=4),
            "open_interest": 88596.536,
            "open_interest_value": 6154301000.5,
            "known_at": DAY + timedelta(hours=4),
        }
    ]
    assert [reason for reason, _ in check("open_interest", row | {"symbol": "ETHUSDT"}).refused] == ["wrong_symbol"]


def test_what_takers_traded_is_known_after_the_period_that_begins_at_its_time() -> None:
    row = {"buySellRatio": "1.5000", "buyVol": "30.0", "sellVol": "20.0", "timestamp": at(1)}
    page = check("taker_ratio", row)
    assert page.rows.schema.equals(TAKER_RATIO.schema)
    assert page.rows.to_pylist()[0] == {
        **COMMON,
        "timestamp": DAY + timedelta(hours=4),
        "taker_ratio": 1.5,
        "taker_buy_volume": 30.0,
        "taker_sell_volume": 20.0,
        "known_at": DAY + timedelta(hours=8),
    }


def test_the_basis_may_be_negative() -> None:
    row = {
        "pair": "BTCUSDT",
        "contractType": "PERPETUAL",
        "basis": "-12.5",
        "basisRate": "-0.000125",
        "annualizedBasisRate": "",
        "futuresPrice": "99987.5",
        "indexPrice": "100000.0",
        "timestamp": at(1),
    }
    page = check("basis", row)
    assert page.rows.schema.equals(BASIS.schema)
    assert page.rows["basis"].to_pylist() == [-12.5]
    assert page.rows["basis_rate"].to_pylist() == [-0.000125]


@pytest.mark.parametrize(
    "changes",
    [
        # the traded value in the place of the amount, and the other way round
        {"volume": "770.25", "quote_volume": "7.5"},
        {"volume": "770.25"},
        {"taker": "7.6"},
        {"taker_quote": "780"},
    ],
)
def test_a_candle_whose_numbers_contradict_each_other_is_refused(changes: dict[str, str]) -> None:
    if "volume" not in changes:
        changes = {**changes, "volume": "7.5"} if "taker_quote" in changes else changes | {"taker": "8.0"}
    assert [reason for reason, _ in check("candles", kline(0, **changes)).refused] == ["inconsistent"]


def test_the_open_candle_may_not_fit_yet() -> None:
    early = kline(0, quote_volume="900")
    opened = endpoint("binanceusdm", "candles", "BTCUSDT", "4h").check([early], span(now=0.5))
    assert (opened.rows.num_rows, opened.refused) == (0, ())


def test_shares_must_add_up() -> None:
    row = {
        "symbol": "BTCUSDT",
        "longShortRatio": "1.1645",
        "longAccount": "0.5380",
        "shortAccount": "0.4620",
        "timestamp": at(1),
    }
    assert check("long_short_ratio", row).rows["long_short_ratio"].to_pylist() == [1.1645]
    for changes in ({"shortAccount": "0.4720"}, {"longShortRatio": "0.8587"}):
        assert [reason for reason, _ in check("long_short_ratio", row | changes).refused] == ["inconsistent"]
    without = {name: value for name, value in row.items() if "Account" not in name}
    assert check("long_short_ratio", without).rows["long_share"].to_pylist() == [None]


def test_a_negative_mark_price_is_no_mark_price() -> None:
    row = {"symbol": "BTCUSDT", "fundingTime": at(2), "fundingRate": "0.0001", "markPrice": "-1"}
    assert [reason for reason, _ in check("funding_rates", row).refused] == ["not_positive"]
