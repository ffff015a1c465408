import random

import pytest

from include.core.columns import CANDLES, FEAR_GREED
from include.lake.order import in_key_order
from tests.unit.lake.rows import START, candle, candles

SORTED = candles(*(candle(symbol, number) for symbol in ("A", "B", "C") for number in range(5)))


def test_rows_in_order_are_handed_back_untouched() -> None:
    assert in_key_order(CANDLES, SORTED) is SORTED


@pytest.mark.parametrize("seed", range(20))
def test_rows_in_any_order_come_back_in_the_order_of_their_key(seed: int) -> None:
    places = list(range(SORTED.num_rows))
    random.Random(seed).shuffle(places)
    assert in_key_order(CANDLES, SORTED.take(places)).equals(SORTED)


def test_series_out_of_order_and_a_series_in_two_pieces_are_seen() -> None:
    pieces = [*range(10, 15), *range(10)], [*range(3), *range(5, 10), 3, 4, *range(10, 15)]
    for places in pieces:
        assert in_key_order(CANDLES, SORTED.take(places)).equals(SORTED)


def test_a_table_whose_key_is_its_time_alone_is_sorted_too() -> None:
    rows = FEAR_GREED.schema.empty_table()
    assert in_key_order(FEAR_GREED, rows) is rows
    days = [{"timestamp": candle(number=n)["open_time"], "value": n, "classification": "x", "known_at": START}
            for n in (2, 0, 1)]  # fmt: skip
    shuffled = type(rows).from_pylist(days, schema=FEAR_GREED.schema)
    assert in_key_order(FEAR_GREED, shuffled)["value"].to_pylist() == [0, 1, 2]
