from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from include.core.columns import CANDLES, FEAR_GREED
from include.core.errors import InvalidInputError, MissingInputError
from include.lake.export import export
from include.lake.lake import Lake
from tests.unit.lake.rows import FOUR_HOURS, START, candle, candles


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    rows = {
        "timestamp": [day],
        "value": [40],
        "classification": ["Fear"],
        "known_at": [datetime(2026, 3, 2, tzinfo=UTC)],
    }
    lake = Lake(tmp_path / "lake")
    lake.merge("fear_greed", pa.table(rows, schema=FEAR_GREED.schema))
    return lake


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_table_is_written_as_the_suffix_says(lake: Lake, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"out{suffix}"
    assert export(lake, "fear_greed", target) == 1
    back = pd.read_csv(target) if suffix == ".csv" else pd.read_parquet(target)
    assert back["value"].tolist() == [40]


def test_what_cannot_be_exported_is_refused_and_writes_nothing(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"`output` must end in \.parquet or \.csv, was 'out\.xlsx'"):
        export(lake, "fear_greed", tmp_path / "out.xlsx")
    with pytest.raises(InvalidInputError, match="`timeframe` must be left out for table fear_greed"):
        export(lake, "fear_greed", tmp_path / "out.csv", "4h")
    with pytest.raises(MissingInputError, match="Table `macro` has no such rows"):
        export(lake, "macro", tmp_path / "out.csv")
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_candles_of_many_series_are_written_in_the_order_of_their_key(tmp_path: Path, suffix: str) -> None:
    lake = Lake(tmp_path / "lake")
    rows = candles(*(candle(f"{name}/USDT:USDT", number, trades_count=None) for name in "BAC" for number in (1, 0)))
    version = lake.merge("candles", rows).version
    lake.merge("candles", candles(candle("D/USDT:USDT")))
    target = tmp_path / f"out{suffix}"
    assert export(lake, "candles", target, "4h", version) == 6
    back = pd.read_csv(target, parse_dates=["open_time"]) if suffix == ".csv" else pd.read_parquet(target)
    assert back["symbol"].str[0].tolist() == ["A", "A", "B", "B", "C", "C"]
    assert list(back["open_time"]) == [START, START + FOUR_HOURS] * 3
    assert back["trades_count"].isna().all()
    assert list(back.columns) == list(CANDLES.column_names)
