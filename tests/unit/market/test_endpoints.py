import pytest

from include.core.columns import TABLES
from include.core.errors import InvalidInputError
from include.market.endpoint import Call
from include.market.endpoints import endpoint, history_ms, offered, series_of

DAY = 86_400_000
HOURS_4 = 14_400_000


def test_a_page_of_binance_candles_costs_the_least_weight_per_candle() -> None:
    candles = endpoint("binanceusdm", "candles", "BTCUSDT", "4h")
    assert candles.call(1_000, 2_000, 499) == Call(
        "fapiPublicGetKlines",
        {"symbol": "BTCUSDT", "interval": "4h", "startTime": 1_000, "endTime": 2_000, "limit": 499},
        "weight",
        2,
    )
    assert (candles.source, candles.limit, candles.step_ms, candles.slack_ms) == ("candles", 499, HOURS_4, 0)
    assert [candles.call(None, 1, limit).weight for limit in (1, 99, 100, 499, 500, 1_000, 1_001)] == [
        1, 1, 2, 2, 5, 5, 10,
    ]  # fmt: skip
    assert "startTime" not in candles.call(None, 1, 1).params


@pytest.mark.parametrize(
    ("series", "method", "market"),
    [
        ("mark", "fapiPublicGetMarkPriceKlines", {"symbol": "BTCUSDT"}),
        ("index", "fapiPublicGetIndexPriceKlines", {"pair": "BTCUSDT"}),
        ("premium", "fapiPublicGetPremiumIndexKlines", {"symbol": "BTCUSDT"}),
    ],
)
def test_binance_prices_that_are_not_traded(series: str, method: str, market: dict[str, str]) -> None:
    found = endpoint("binanceusdm", series, "BTCUSDT", "1h")
    call = found.call(5, 9, 100)
    assert (call.method, call.family, call.weight) == (method, "weight", 2)
    assert call.params == {**market, "interval": "1h", "startTime": 5, "endTime": 9, "limit": 100}
    assert found.source == "price_candles"


@pytest.mark.parametrize(
    ("series", "method", "market"),
    [
        ("open_interest", "fapiDataGetOpenInterestHist", {"symbol": "BTCUSDT"}),
        ("long_short_ratio", "fapiDataGetGlobalLongShortAccountRatio", {"symbol": "BTCUSDT"}),
        ("taker_ratio", "fapiDataGetTakerlongshortRatio", {"symbol": "BTCUSDT"}),
        ("basis", "fapiDataGetBasis", {"pair": "BTCUSDT", "contractType": "PERPETUAL"}),
    ],
)
def test_binance_statistics_reach_back_thirty_days(series: str, method: str, market: dict[str, str]) -> None:
    found = endpoint("binanceusdm", series, "BTCUSDT", "4h")
    call = found.call(5, 9, 500)
    assert (call.method, call.family, call.weight) == (method, "statistics", 1)
    assert call.params == {**market, "period": "4h", "startTime": 5, "endTime": 9, "limit": 500}
    assert (found.source, found.window_ms, found.history_ms) == (series, 500 * HOURS_4, 30 * DAY)


def test_fundings_have_no_grid_and_may_lie_eight_hours_apart() -> None:
    found = endpoint("binanceusdm", "funding_rates", "OGNUSDT", "4h")
    assert (found.limit, found.step_ms, found.slack_ms, found.window_ms) == (1_000, 1, 8 * 3_600_000, None)
    assert found.call(1, 2, 1_000) == Call(
        "fapiPublicGetFundingRate",
        {"symbol": "OGNUSDT", "startTime": 1, "endTime": 2, "limit": 1_000},
        "funding",
        1,
    )


@pytest.mark.parametrize(
    ("series", "method", "asked", "window_ms"),
    [
        ("candles", "publicGetV5MarketKline", {"interval": "240", "start": 5, "end": 9}, 1_000 * HOURS_4),
        ("mark", "publicGetV5MarketMarkPriceKline", {"interval": "240", "start": 5, "end": 9}, 1_000 * HOURS_4),
        ("index", "publicGetV5MarketIndexPriceKline", {"interval": "240", "start": 5, "end": 9}, 1_000 * HOURS_4),
        (
            "premium",
            "publicGetV5MarketPremiumIndexPriceKline",
            {"interval": "240", "start": 5, "end": 9},
            1_000 * HOURS_4,
        ),
        ("funding_rates", "publicGetV5MarketFundingHistory", {"startTime": 5, "endTime": 9}, 200 * 3_600_000),
        (
            "open_interest",
            "publicGetV5MarketOpenInterest",
            {"intervalTime": "4h", "startTime": 5, "endTime": 9},
            200 * HOURS_4,
        ),
        (
            "long_short_ratio",
            "publicGetV5MarketAccountRatio",
            {"period": "4h", "startTime": 5, "endTime": 9},
            500 * HOURS_4,
        ),
    ],
)
def test_bybit_is_asked_for_windows_that_fit_a_page(
    series: str, method: str, asked: dict[str, object], window_ms: int
) -> None:
    found = endpoint("bybit", series, "BTCUSDT", "4h")
    call = found.call(5, 9, 7)
    assert (call.method, call.family) == (method, "requests")
    assert call.params == {"category": "linear", "symbol": "BTCUSDT", "limit": 7, **asked}
    assert found.window_ms == window_ms


@pytest.mark.parametrize("venue", ["binanceusdm", "bybit"])
def test_every_method_is_one_of_ccxt_and_every_table_one_of_the_lake(venue: str) -> None:
    import ccxt

    exchange = getattr(ccxt, venue)()
    for series in series_of(venue).values():
        assert callable(getattr(exchange, series.method))
        assert series.layout.table is TABLES[series.layout.table.name]


def test_a_timeframe_is_spelled_as_the_venue_does() -> None:
    spelled = {name: endpoint("bybit", "candles", "X", name).call(None, 1, 1).params["interval"] for name in TIMEFRAMES}
    assert spelled == {"1m": "1", "5m": "5", "15m": "15", "1h": "60", "4h": "240", "1d": "D"}
    periods = [
        endpoint("bybit", "open_interest", "X", name).call(None, 1, 1).params["intervalTime"] for name in TIMEFRAMES[1:]
    ]
    assert periods == ["5min", "15min", "1h", "4h", "1d"]


TIMEFRAMES = ("1m", "5m", "15m", "1h", "4h", "1d")


def test_what_a_venue_does_not_have_is_refused_and_not_offered() -> None:
    with pytest.raises(InvalidInputError, match=r"`timeframe` of open_interest must be one of 5m, .*, was '1m'"):
        endpoint("binanceusdm", "open_interest", "BTCUSDT", "1m")
    with pytest.raises(InvalidInputError, match=r"`series` must be one of candles, .* at bybit, was 'basis'"):
        endpoint("bybit", "basis", "BTCUSDT", "4h")
    with pytest.raises(InvalidInputError, match="`venue` must be one of binanceusdm, bybit, was 'okx'"):
        endpoint("okx", "candles", "BTC-USDT-SWAP", "4h")
    with pytest.raises(InvalidInputError, match="was 'basis'"):
        history_ms("bybit", "basis")
    assert offered("binanceusdm", "1m") == ("candles", "mark", "index", "premium", "funding_rates")
    assert "open_interest" in offered("bybit", "5m")


def test_how_far_back_a_table_reaches() -> None:
    assert history_ms("binanceusdm", "open_interest") == 30 * DAY
    assert history_ms("binanceusdm", "candles") is None
    assert history_ms("bybit", "open_interest") is None
