from include.sandbox.binance.exchange_info import exchange_info, symbol_info
from include.sandbox.market_data import Listing
from tests.unit.sandbox.recordings import START


def test_tick_and_step_are_one_unit_of_the_last_decimal() -> None:
    document = symbol_info(Listing("ABCUSDT", START, price_decimals=4, quantity_decimals=0, funding_hours=8))
    filters = {entry["filterType"]: entry for entry in document["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.0001"
    assert filters["LOT_SIZE"]["stepSize"] == "1"
    assert (document["baseAsset"], document["quoteAsset"], document["marginAsset"]) == ("ABC", "USDT", "USDT")
    assert document["onboardDate"] == START


def test_the_document_carries_the_exchanges_request_weight_limit() -> None:
    limits = exchange_info([])["rateLimits"]
    assert {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400} in limits
