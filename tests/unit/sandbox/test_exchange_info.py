import numpy as np
import pytest

from include.sandbox.exchange_info import decimals_of, derived_symbol_info, exchange_info, symbol_info
from tests.unit.sandbox.recordings import START, candle_series


@pytest.mark.parametrize(
    ("values", "decimals"),
    [([1.0, 20.0], 0), ([0.1, 3.0], 1), ([0.0031814, 0.003], 7), ([1 / 3], 8), ([float("nan"), 1.25], 2), ([], 0)],
)
def test_decimals_are_those_that_the_values_need(values: list[float], decimals: int) -> None:
    assert decimals_of(np.array(values)) == decimals


def test_tick_and_step_are_one_unit_of_the_last_decimal() -> None:
    document = symbol_info("ABCUSDT", START, price_decimals=4, quantity_decimals=0)
    filters = {entry["filterType"]: entry for entry in document["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.0001"
    assert filters["LOT_SIZE"]["stepSize"] == "1"
    assert (document["baseAsset"], document["quoteAsset"], document["marginAsset"]) == ("ABC", "USDT", "USDT")


def test_a_symbol_without_recorded_rules_is_described_by_its_candles() -> None:
    candles = candle_series(open=[1.25, 1.3], high=[1.5, 1.375], low=[1.0, 1.0], close=[1.3, 1.1], volume=[10.5, 3.0])
    document = derived_symbol_info("ABCUSDT", candles)
    assert document["pricePrecision"] == 3
    assert document["quantityPrecision"] == 1
    assert document["onboardDate"] == START


def test_the_document_carries_the_exchanges_request_weight_limit() -> None:
    limits = exchange_info([])["rateLimits"]
    assert {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400} in limits
