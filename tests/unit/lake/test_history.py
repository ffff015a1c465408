from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.core.errors import MissingInputError
from include.lake.history import history
from include.lake.lake import Lake
from tests.unit.lake.rows import candle, candles


def test_every_version_is_told_with_its_time_operation_and_rows(tmp_path: Path) -> None:
    lake, before = Lake(tmp_path), datetime.now(UTC) - timedelta(milliseconds=1)
    assert history(lake, "candles") == []
    lake.merge("candles", candles(candle(), candle(number=1)))
    lake.merge("candles", candles(candle(close=99.0)))
    told = history(lake, "candles")
    assert [(one["version"], one["operation"], one["rows"]) for one in told] == [
        (2, "merge", 2), (1, "write", 2), (0, "create table", 0),
    ]  # fmt: skip
    assert all(before <= one["at"] <= datetime.now(UTC) for one in told)
    assert [one["version"] for one in history(lake, "candles", limit=1)] == [2]


def test_a_table_is_read_as_it_was_at_any_instant(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for number in range(3):
        lake.merge("candles", candles(candle(number=number)))
    made = {one["version"]: one["at"] for one in history(lake, "candles")}
    for version, at in made.items():
        assert lake.read_arrow("candles", version=at).num_rows == version
    assert lake.read_arrow("candles", version=datetime.now(UTC)).num_rows == 3
    with pytest.raises(MissingInputError, match="no version as old as"):
        lake.read("candles", version=made[0] - timedelta(seconds=1))
