import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from include.config.settings import Settings
from include.core.columns import CANDLES, FEAR_GREED
from include.core.errors import IntegrityError, InvalidInputError, MissingInputError
from include.lake.lake import Lake, MergeResult
from tests.unit.lake.rows import START, candle, candles

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_a_table_that_was_never_written_reads_empty_with_the_right_dtypes(lake: Lake) -> None:
    frame = lake.read("candles", columns=["symbol", "open_time", "close"])
    assert list(frame.columns) == ["symbol", "open_time", "close"]
    assert frame.empty
    assert str(frame.dtypes["open_time"]) == "datetime64[ms, UTC]"
    assert not lake.exists("candles")
    assert lake.version("candles") is None
    assert lake.versions() == {}
    assert lake.count("candles") == 0


def test_rows_come_back_exactly_and_sorted_by_key(lake: Lake) -> None:
    rows = [candle(ETH, 0), candle(BTC, 1, quote_volume=None), candle(BTC, 0)]
    lake.merge("candles", candles(*rows))
    assert lake.read_arrow("candles").equals(candles(rows[2], rows[1], rows[0]))


def test_the_first_merge_creates_the_table_and_an_equal_one_costs_no_version(lake: Lake) -> None:
    rows = candles(candle(), candle(number=1))
    first = lake.merge("candles", rows)
    assert (first.inserted, first.updated) == (2, 0)
    assert lake.merge("candles", rows) == MergeResult(inserted=0, updated=0, version=first.version)
    assert lake.versions() == {"candles": first.version}


def test_a_merge_inserts_new_keys_and_rewrites_only_rows_that_differ(lake: Lake) -> None:
    before = lake.merge("candles", candles(candle(), candle(number=1)))
    result = lake.merge("candles", candles(candle(), candle(number=1, close=106.0), candle(number=2)))
    assert result == MergeResult(inserted=1, updated=1, version=before.version + 1)
    assert lake.read("candles")["close"].tolist() == [105.0, 106.0, 105.0]


def test_text_filters_still_work_after_a_row_was_rewritten(lake: Lake) -> None:
    lake.merge("candles", candles(candle(BTC), candle(ETH)))
    lake.merge("candles", candles(candle(ETH, close=91.0)))
    assert lake.read("candles", ["close"], [("symbol", "=", ETH)])["close"].tolist() == [91.0]
    assert lake.read("candles", ["close"], [("symbol", "in", [BTC])])["close"].tolist() == [105.0]


def test_append_leaves_stored_rows_as_they_are(lake: Lake) -> None:
    lake.merge("candles", candles(candle()))
    result = lake.append("candles", candles(candle(close=1.0, low=1.0), candle(number=1)))
    assert (result.inserted, result.updated) == (1, 0)
    assert lake.read("candles")["close"].tolist() == [105.0, 105.0]


def test_compare_shows_what_a_merge_would_change_and_changes_nothing(lake: Lake) -> None:
    before = lake.merge("candles", candles(candle())).version
    changes = lake.compare("candles", candles(candle(close=106.0), candle(number=1)))
    assert (changes.new.num_rows, changes.changed.num_rows) == (1, 1)
    assert changes.stored["close"].to_pylist() == [105.0]
    assert lake.version("candles") == before


def test_newest_is_the_greatest_per_group(lake: Lake) -> None:
    lake.merge("candles", candles(candle(BTC, 0), candle(BTC, 4), candle(ETH, 2)))
    newest = lake.newest("candles", ["symbol", "timeframe"], "open_time")
    assert newest["symbol"].tolist() == [BTC, ETH]
    assert [t.to_pydatetime() for t in newest["open_time"]] == [
        candle(number=4)["open_time"],
        candle(number=2)["open_time"],
    ]


def test_the_least_and_the_greatest_of_a_missing_table_are_empty(lake: Lake) -> None:
    assert lake.newest("candles", ["symbol"], "open_time").empty
    assert list(lake.oldest("macro", ["series"], "vintage").columns) == ["series", "vintage"]


def test_a_stream_is_the_table_one_series_at_a_time_and_of_one_version(lake: Lake) -> None:
    rows = candles(candle(BTC, 0), candle(BTC, 1), candle(BTC, 0, timeframe="8h"), candle(ETH, 0))
    lake.merge("candles", rows)
    parts = lake.stream("candles")
    first = next(parts)
    lake.merge("candles", candles(candle(ETH, 5), candle(BTC, 0, close=99.0)))
    assert pa.concat_tables([first, *parts]).equals(rows)
    only = list(lake.stream("candles", ["close"], [("symbol", "=", ETH)]))
    assert [part["close"].to_pylist() for part in only] == [[105.0, 105.0]]
    assert list(lake.stream("macro")) == []


def test_a_table_without_series_is_streamed_whole(lake: Lake) -> None:
    row = {"timestamp": START, "value": 40, "classification": "Fear", "known_at": START}
    lake.merge("fear_greed", pa.Table.from_pylist([row], schema=FEAR_GREED.schema))
    assert [part.num_rows for part in lake.stream("fear_greed")] == [1]


def test_columns_filters_and_older_versions_can_be_read(lake: Lake) -> None:
    before = lake.merge("candles", candles(candle(), candle(number=1))).version
    lake.merge("candles", candles(candle(number=1, close=99.0)))
    assert lake.read("candles", ["close"], [("open_time", ">", START)])["close"].tolist() == [99.0]
    assert lake.read("candles", ["close"], version=before)["close"].tolist() == [105.0, 105.0]
    with pytest.raises(MissingInputError, match="no version 9"):
        lake.read("candles", version=9)


def test_rows_of_another_schema_are_refused_and_nothing_is_written(lake: Lake) -> None:
    with pytest.raises(InvalidInputError, match="column `close` is missing"):
        lake.merge("candles", candles(candle()).drop_columns(["close"]))
    assert not lake.exists("candles")


def test_a_stored_table_of_another_schema_is_refused_with_the_difference(lake: Lake, tmp_path: Path) -> None:
    write_deltalake(tmp_path / "lake" / "candles", candles(candle()).drop_columns(["taker_buy_volume"]))
    with pytest.raises(IntegrityError, match="column `taker_buy_volume` is missing"):
        lake.read("candles")


def test_a_lost_file_is_named_not_read_around(lake: Lake, tmp_path: Path) -> None:
    lake.merge("candles", candles(candle()))
    for part in (tmp_path / "lake" / "candles").glob("*.parquet"):
        part.unlink()
    with pytest.raises(IntegrityError, match="candles"):
        lake.read("candles")


def test_an_unknown_table_is_refused(lake: Lake) -> None:
    with pytest.raises(InvalidInputError, match="'prices'"):
        lake.read("prices")


def test_a_location_may_be_a_url(tmp_path: Path) -> None:
    Lake(f"file://{tmp_path}/lake").merge("candles", candles(candle()))
    assert Lake(tmp_path / "lake").count("candles") == 1


def test_a_deployment_has_its_lake_where_its_settings_say(settings: Settings, tmp_path: Path) -> None:
    assert Lake.of(settings).location == str(settings.home.lake)
    assert Lake.of(settings.model_copy(update={"lake": "s3://bucket/lake"})).location == "s3://bucket/lake"


@pytest.mark.parametrize("_again", range(3))
def test_rows_of_concurrent_writers_are_neither_lost_nor_doubled(lake: Lake, _again: int) -> None:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(4)
    writers = [context.Process(target=_write, args=(lake.location, writer, together)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    stored = lake.read_arrow("candles")
    assert stored.num_rows == 4 * 8 + 8
    assert stored.group_by(list(CANDLES.key)).aggregate([]).num_rows == stored.num_rows


def _write(location: str, writer: int, together: Barrier) -> None:
    own, shared = f"W{writer}/USDT:USDT", "ALL/USDT:USDT"
    together.wait()  # all four find no table: the creation races, too
    for number in range(8):
        Lake(location).merge("candles", candles(candle(own, number), candle(shared, number)))
        # and rewrites race with inserts
        Lake(location).merge("candles", candles(candle(shared, 0, close=100.0 + writer)))


def test_an_empty_merge_of_an_existing_table_changes_nothing(lake: Lake) -> None:
    before = lake.merge("candles", candles(candle())).version
    assert lake.merge("candles", CANDLES.schema.empty_table()) == MergeResult(0, 0, before)


def test_a_table_without_time_in_its_key_merges_over_its_whole_span(lake: Lake) -> None:
    row = {
        "source": "candles",
        "subject": BTC,
        "reason": "shape",
        "payload": "[]",
        "request": "klines",
        "seen_at": START,
        "record_sha256": "ab",
    }
    from include.core.columns import QUARANTINE

    lake.append("quarantine", pa.Table.from_pylist([row], schema=QUARANTINE.schema))
    later = row | {"seen_at": candle(number=3)["open_time"]}
    assert lake.append("quarantine", pa.Table.from_pylist([later], schema=QUARANTINE.schema)).inserted == 0
