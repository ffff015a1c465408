import os
from datetime import timedelta
from pathlib import Path

import pytest

from include.core.errors import MissingInputError
from include.lake.lake import Lake
from include.lake.maintenance import Maintained, maintain
from tests.unit.lake.rows import candle, candles

ETH = "ETH/USDT:USDT"
AT_ONCE = timedelta(0)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    for number in range(5):
        lake.merge("candles", candles(candle(number=number), candle(ETH, number)))
    return lake


def data_files(lake: Lake) -> list[Path]:
    return sorted(Path(lake.location, "candles").glob("*.parquet"))


def log_files(lake: Lake) -> list[str]:
    return sorted(path.name for path in Path(lake.location, "candles", "_delta_log").iterdir())


def test_compaction_keeps_every_row_and_removes_files(lake: Lake) -> None:
    before = lake.read_arrow("candles")
    (done,) = maintain(lake, {}, retention=AT_ONCE)
    assert (done.table, done.files_before, done.files_after, done.removed_files) == ("candles", 5, 1, 5)
    assert lake.read_arrow("candles").equals(before)
    assert lake.read("candles", ["symbol"], [("symbol", "=", ETH)])["symbol"].tolist() == [ETH] * 5
    assert len(data_files(lake)) == 1


def test_a_second_run_does_nothing_and_writes_no_version(lake: Lake) -> None:
    maintain(lake, {}, retention=AT_ONCE)
    version = lake.version("candles")
    assert maintain(lake, {}, retention=AT_ONCE) == [Maintained("candles", 1, 1, 0, 0, 0, 0)]
    assert lake.version("candles") == version


def test_files_stay_for_readers_and_writers_until_they_are_old(lake: Lake) -> None:
    orphan = Path(lake.location, "candles", "part-00000-left-by-a-killed-writer.parquet")
    orphan.write_bytes(b"half")
    (done,) = maintain(lake, {})
    assert (done.files_after, done.removed_files) == (1, 0)
    assert orphan.exists()
    long_ago = orphan.stat().st_mtime - 8 * 86_400
    os.utime(orphan, (long_ago, long_ago))
    assert maintain(lake, {})[0].removed_files == 1
    assert not orphan.exists()


def test_what_a_killed_writer_wrote_by_half_goes_when_it_is_old(lake: Lake) -> None:
    table = Path(lake.location, "candles")
    halves = [table / "part-0-c000.zstd.parquet#1", table / "_delta_log" / f"{6:020}.json#1"]
    for half in halves:
        half.write_bytes(b"half")
    assert maintain(lake, {})[0].removed_files == 0
    os.utime(halves[0], (0, 0))
    assert maintain(lake, {})[0].removed_files == 1
    assert [half.exists() for half in halves] == [False, True]


def test_the_versions_of_datasets_stay_readable_and_the_others_go(lake: Lake) -> None:
    pinned = lake.read_arrow("candles", version=3)
    (done,) = maintain(lake, {"candles": [3]}, retention=AT_ONCE)
    assert (done.kept_versions, done.removed_files) == (1, 2)
    assert lake.read_arrow("candles", version=3).equals(pinned)
    assert lake.read_arrow("candles", version=2).num_rows == 4  # its files are those of version 3
    maintain(lake, {}, retention=AT_ONCE)
    assert len(data_files(lake)) == 1


def test_a_version_that_is_gone_is_not_kept_and_not_in_the_way(lake: Lake) -> None:
    assert maintain(lake, {"candles": [999]}, retention=AT_ONCE)[0].kept_versions == 0


def test_old_log_entries_go_but_for_those_of_the_versions_of_datasets(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    for number in range(101):
        lake.merge("candles", candles(candle(number=number)))
    assert f"{99:020}.checkpoint.parquet" in log_files(lake)
    assert maintain(lake, {"candles": [40]}, AT_ONCE, AT_ONCE)[0].removed_log_files == 0
    assert lake.read_arrow("candles", version=40).num_rows == 40
    assert maintain(lake, {}, AT_ONCE)[0].removed_log_files == 0  # none is thirty days old
    assert maintain(lake, {}, AT_ONCE, AT_ONCE)[0].removed_log_files == 99
    assert log_files(lake)[0] == f"{99:020}.checkpoint.parquet"
    assert lake.count("candles") == lake.read_arrow("candles").num_rows == 101
    with pytest.raises(MissingInputError, match="`candles` has no version 40"):
        lake.read("candles", version=40)


def test_an_empty_lake_needs_no_maintenance(tmp_path: Path) -> None:
    assert maintain(Lake(tmp_path), {}) == []
