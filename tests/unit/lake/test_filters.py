from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from include.core.columns import CANDLES
from include.core.errors import InvalidInputError
from include.lake.filters import expression, predicate
from tests.unit.lake.rows import START, candle, candles

BTC, ETH, QUOTE = "BTC/USDT:USDT", "ETH/USDT:USDT", "O'X/USDT:USDT"
ROWS = candles(candle(BTC, 0), candle(BTC, 1), candle(ETH, 1, close=91.0), candle(QUOTE, 1, trades_count=3))
CASES = [
    ([("symbol", "=", ETH)], [2]),
    ([("symbol", "=", QUOTE)], [3]),
    ([("symbol", "!=", ETH)], [0, 1, 3]),
    ([("symbol", "in", [ETH, "SOL/USDT:USDT"])], [2]),
    ([("symbol", "in", [])], []),
    ([("open_time", ">", START)], [1, 2, 3]),
    ([("open_time", "<=", START)], [0]),
    ([("open_time", "<=", START + timedelta(microseconds=1))], [0]),
    ([("close", "<", 100.0)], [2]),
    ([("close", ">=", 105.0), ("symbol", "==", BTC)], [0, 1]),
    ([("trades_count", "in", [3, 4])], [3]),
    ([], [0, 1, 2, 3]),
]


@pytest.mark.parametrize(("conditions", "kept"), CASES)
def test_conditions_keep_the_rows_they_hold_for(conditions: list[tuple[str, str, object]], kept: list[int]) -> None:
    chosen = expression(CANDLES, conditions)
    assert (ROWS if chosen is None else ROWS.filter(chosen)).equals(ROWS.take(pa.array(kept, pa.int64())))


@pytest.mark.parametrize(("conditions", "kept"), CASES)
def test_the_engine_keeps_the_same_rows(
    conditions: list[tuple[str, str, object]], kept: list[int], tmp_path: Path
) -> None:
    write_deltalake(tmp_path / "rows", ROWS)
    found = pa.table(DeltaTable(tmp_path / "rows").scan(predicate=predicate(CANDLES, conditions)))
    assert found.cast(CANDLES.schema).sort_by("symbol").equals(ROWS.take(pa.array(kept, pa.int64())).sort_by("symbol"))


def test_a_value_cannot_become_a_condition() -> None:
    assert predicate(CANDLES, [("symbol", "=", "x' OR 1=1 --")]) == "\"symbol\" = 'x'' OR 1=1 --'"


@pytest.mark.parametrize("form", [expression, predicate])
def test_an_unknown_column_or_operator_is_refused_by_name(form) -> None:
    with pytest.raises(InvalidInputError, match="'price'"):
        form(CANDLES, [("price", "=", 1.0)])
    with pytest.raises(InvalidInputError, match="'like'"):
        form(CANDLES, [("symbol", "like", "BTC%")])
