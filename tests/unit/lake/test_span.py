from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake

from include.core.columns import CANDLES
from include.lake import span
from include.lake.span import stored_rows
from tests.unit.lake.rows import candle, candles

SYMBOLS = [f"S{number:03d}/USDT:USDT" for number in range(120)]


@pytest.fixture
def delta(tmp_path: Path) -> DeltaTable:
    rows = candles(*(candle(symbol, number) for symbol in SYMBOLS for number in range(4)))
    write_deltalake(tmp_path / "candles", rows)
    return DeltaTable(tmp_path / "candles")


@pytest.mark.parametrize("count", [1, 120], ids=["listed", "between bounds"])
@pytest.mark.parametrize("chunk", [7, 500_000])
def test_exactly_the_stored_rows_with_the_same_keys_are_found(
    delta: DeltaTable, count: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span, "_CHUNK_ROWS", chunk)
    asked = candles(*(candle(symbol, number, close=91.0) for symbol in SYMBOLS[:count] for number in (1, 3, 9)))
    found = stored_rows(delta, CANDLES, asked).sort_by([("symbol", "ascending"), ("open_time", "ascending")])
    assert found.equals(candles(*(candle(symbol, number) for symbol in SYMBOLS[:count] for number in (1, 3))))


def test_nothing_is_found_for_nothing(delta: DeltaTable) -> None:
    assert stored_rows(delta, CANDLES, CANDLES.schema.empty_table()).num_rows == 0
    assert stored_rows(delta, CANDLES, candles(candle("NEW/USDT:USDT"))).num_rows == 0
