import pytest

from include.core.columns import CANDLES
from include.core.errors import InvalidInputError
from include.lake.filters import expression
from tests.unit.lake.rows import START, candle, candles

ROWS = candles(candle("BTC/USDT:USDT", 0), candle("BTC/USDT:USDT", 1), candle("ETH/USDT:USDT", 1, close=91.0))


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        (("symbol", "=", "ETH/USDT:USDT"), [2]),
        (("symbol", "!=", "ETH/USDT:USDT"), [0, 1]),
        (("symbol", "in", ["ETH/USDT:USDT", "SOL/USDT:USDT"]), [2]),
        (("open_time", ">", START), [1, 2]),
        (("open_time", "<=", START), [0]),
        (("close", "<", 100.0), [2]),
        (("close", ">=", 105.0), [0, 1]),
    ],
)
def test_a_condition_keeps_the_rows_it_holds_for(condition: tuple[str, str, object], kept: list[int]) -> None:
    assert ROWS.filter(expression(CANDLES, [condition])).equals(ROWS.take(kept))


def test_all_conditions_must_hold() -> None:
    both = [("symbol", "=", "BTC/USDT:USDT"), ("open_time", ">", START)]
    assert ROWS.filter(expression(CANDLES, both)).equals(ROWS.take([1]))


def test_no_condition_is_no_expression() -> None:
    assert expression(CANDLES, []) is None


def test_an_unknown_column_or_operator_is_refused_by_name() -> None:
    with pytest.raises(InvalidInputError, match="'price'"):
        expression(CANDLES, [("price", "=", 1.0)])
    with pytest.raises(InvalidInputError, match="'like'"):
        expression(CANDLES, [("symbol", "like", "BTC%")])
