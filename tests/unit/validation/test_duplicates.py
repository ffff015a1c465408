import pyarrow as pa
from deltalake import write_deltalake

from include.config.settings import Settings
from include.core.checks import Severity
from include.core.columns import FEAR_GREED
from include.lake.lake import Lake
from include.validation.candle_series import standing_series
from include.validation.duplicates import DUPLICATE_CANDLES, check_duplicate_records, repeated_keys
from tests.unit.lake.rows import START, candle, candles


def stored_twice(lake: Lake, table: str, rows: pa.Table) -> None:
    """Append past the lake, as a foreign writer would."""
    lake.merge(table, rows)
    write_deltalake(lake.uri(table), rows, mode="append")


def mood(*values: int) -> pa.Table:
    rows = [
        {"timestamp": START.replace(day=day + 1), "value": value, "classification": "Fear", "known_at": START}
        for day, value in enumerate(values)
    ]
    return pa.Table.from_pylist(rows, schema=FEAR_GREED.schema)


def test_a_lake_that_is_written_through_its_merge_has_no_duplicates(settings: Settings) -> None:
    lake = Lake.of(settings)
    lake.merge("candles", candles(candle(), candle(number=1)))
    lake.merge("candles", candles(candle(number=1, close=106.0)))
    lake.merge("fear_greed", mood(10, 20))
    series = list(standing_series(lake, "BTC/USDT:USDT", candles(), None))
    assert DUPLICATE_CANDLES.find(series) == []
    assert check_duplicate_records(lake).passed


def test_candles_of_a_foreign_writer_are_counted_once_per_time_and_stop_the_chain(settings: Settings) -> None:
    lake = Lake.of(settings)
    stored_twice(lake, "candles", candles(candle(), candle(number=1)))
    series = list(standing_series(lake, "BTC/USDT:USDT", candles(), None))
    assert [len(one.open_time) for one in series] == [2]
    result = DUPLICATE_CANDLES.verdict(DUPLICATE_CANDLES.find(series))
    assert (result.passed, result.severity, result.observed) == (False, Severity.CRITICAL, 2)
    assert "binanceusdm BTC/USDT:USDT 4h, the first at 2026-01-01 00:00 UTC" in result.message


def test_records_of_other_tables_are_counted_by_key(settings: Settings) -> None:
    lake = Lake.of(settings)
    stored_twice(lake, "fear_greed", mood(10, 20, 30))
    assert repeated_keys("fear_greed", lake) == 3
    result = check_duplicate_records(lake)
    assert (result.passed, result.severity) == (False, Severity.CRITICAL)
    assert result.message == "Keys are stored more than once: 3 of fear_greed."
