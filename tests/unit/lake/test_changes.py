import pytest

from include.core.columns import CANDLES
from include.core.errors import InvalidInputError
from include.lake.changes import compare, distinct
from tests.unit.lake.rows import candle, candles


def test_new_changed_and_equal_rows_are_told_apart() -> None:
    stored = candles(candle(number=0), candle(number=1), candle(number=2))
    rows = candles(candle(number=3), candle(number=1, close=106.0), candle(number=0))
    changes = compare(CANDLES, rows, stored)
    assert changes.new.equals(candles(candle(number=3)))
    assert changes.changed.equals(candles(candle(number=1, close=106.0)))
    assert changes.stored.equals(candles(candle(number=1)))


def test_the_same_time_of_another_symbol_or_timeframe_is_another_key() -> None:
    rows = candles(candle("ETH/USDT:USDT"), candle(timeframe="1h"))
    changes = compare(CANDLES, rows, candles(candle()))
    assert changes.new.num_rows == 2
    assert changes.changed.num_rows == 0


@pytest.mark.parametrize(
    ("before", "after", "changed"), [(None, None, 0), (None, 1.0, 1), (1.0, None, 1), (1.0, 1.0, 0)]
)
def test_a_null_equals_a_null_and_nothing_else(before: float | None, after: float | None, changed: int) -> None:
    changes = compare(CANDLES, candles(candle(quote_volume=after)), candles(candle(quote_volume=before)))
    assert changes.changed.num_rows == changed
    assert changes.new.num_rows == 0


def test_changes_are_sorted_by_key_and_stored_rows_stand_beside_them() -> None:
    stored = candles(candle("ETH/USDT:USDT", 5), candle("BTC/USDT:USDT", 9))
    rows = candles(candle("ETH/USDT:USDT", 5, volume=1.0), candle("BTC/USDT:USDT", 9, volume=2.0))
    changes = compare(CANDLES, rows, stored)
    assert changes.changed["symbol"].to_pylist() == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert changes.changed["symbol"].equals(changes.stored["symbol"])
    assert changes.stored["volume"].to_pylist() == [7.0, 7.0]


def test_exact_repetitions_are_dropped() -> None:
    rows = distinct(CANDLES, candles(candle(), candle(number=1), candle()))
    assert sorted(rows["open_time"].to_pylist()) == [candle()["open_time"], candle(number=1)["open_time"]]
    assert rows.schema.equals(CANDLES.schema)


def test_one_key_with_two_contents_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"repeated with other values for 1 keys.*BTC/USDT:USDT"):
        distinct(CANDLES, candles(candle(), candle(close=104.0)))
