import pytest
from starlette.datastructures import QueryParams

from include.sandbox.request_weights import KLINES, weight_of


@pytest.mark.parametrize("path", KLINES)
@pytest.mark.parametrize(
    ("query", "weight"),
    [
        ("limit=99", 1),
        ("limit=100", 2),
        ("limit=499", 2),
        ("limit=500", 5),
        ("", 5),
        ("limit=1000", 5),
        ("limit=1500", 10),
        ("limit=many", 5),
    ],
)
def test_candles_weigh_by_the_limit_sent(path: str, query: str, weight: int) -> None:
    assert weight_of(path, QueryParams(query)) == weight


@pytest.mark.parametrize(
    ("path", "query", "weight"),
    [
        ("/fapi/v1/time", "", 1),
        ("/fapi/v1/exchangeInfo", "", 1),
        ("/fapi/v1/fundingRate", "limit=1000", 0),
        ("/futures/data/openInterestHist", "limit=500", 0),
        ("/fapi/v1/premiumIndex", "symbol=BTCUSDT", 1),
        ("/fapi/v1/premiumIndex", "", 10),
        ("/fapi/v1/ticker/24hr", "symbol=BTCUSDT", 1),
        ("/fapi/v1/ticker/24hr", "", 40),
        ("/fapi/v1/ticker/bookTicker", "symbol=BTCUSDT", 2),
        ("/fapi/v1/ticker/bookTicker", "", 5),
        ("/fapi/v1/depth", "limit=50", 2),
        ("/fapi/v1/depth", "limit=100", 5),
        ("/fapi/v1/depth", "", 10),
        ("/fapi/v1/depth", "limit=1000", 20),
    ],
)
def test_a_request_weighs_what_the_exchange_says(path: str, query: str, weight: int) -> None:
    assert weight_of(path, QueryParams(query)) == weight
