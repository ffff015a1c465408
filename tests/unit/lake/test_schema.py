import numpy as np
import pyarrow as pa
import pytest

from include.core.columns import CANDLES
from include.core.errors import InvalidInputError
from include.lake.schema import conform, schema_differences, to_frame
from tests.unit.lake.rows import candle, candles


def test_rows_of_the_right_shape_keep_their_values_and_get_the_column_order() -> None:
    rows = candles(candle(number=3))
    shuffled = rows.select(list(reversed(CANDLES.column_names)))
    assert conform(CANDLES, shuffled).equals(rows)


def test_microsecond_instants_and_large_strings_are_only_other_spellings() -> None:
    rows = candles(candle())
    spelled = rows.set_column(1, "symbol", rows["symbol"].cast(pa.large_string()))
    spelled = spelled.set_column(3, "open_time", rows["open_time"].cast(pa.timestamp("us", tz="UTC")))
    assert conform(CANDLES, spelled).equals(rows)


def test_an_instant_that_milliseconds_cannot_hold_is_refused() -> None:
    finer = pa.array([1_500], pa.timestamp("us", tz="UTC"))
    rows = candles(candle()).set_column(3, "open_time", finer)
    with pytest.raises(InvalidInputError, match="candles"):
        conform(CANDLES, rows)


def test_every_difference_of_a_schema_is_named() -> None:
    rows = candles(candle()).drop_columns(["close"]).append_column("price", pa.array([1.0]))
    rows = rows.set_column(8 - 1, "volume", pa.array(["7"]))
    with pytest.raises(InvalidInputError) as refusal:
        conform(CANDLES, rows)
    text = str(refusal.value)
    assert "column `close` is missing" in text
    assert "column `price` is unknown" in text
    assert "column `volume` must be double, was string" in text


def test_an_instant_without_utc_is_another_type() -> None:
    naive = pa.schema([pa.field("open_time", pa.timestamp("ms"))])
    assert "column `open_time` must be timestamp[ms, tz=UTC], was timestamp[ms]" in schema_differences(CANDLES, naive)


def test_a_null_is_refused_where_the_column_does_not_allow_it_and_kept_where_it_does() -> None:
    loose = pa.schema([field.with_nullable(True) for field in CANDLES.schema])
    absent = pa.Table.from_pylist([candle(quote_volume=None)], schema=loose)
    assert conform(CANDLES, absent)["quote_volume"].null_count == 1
    broken = pa.Table.from_pylist([candle(close=None), candle(number=1, close=None)], schema=loose)
    with pytest.raises(InvalidInputError, match="`close` must have no nulls, was null in 2 rows"):
        conform(CANDLES, broken)


def test_dtypes_of_a_frame_do_not_depend_on_its_values() -> None:
    whole = to_frame(candles(candle()))
    holed = to_frame(candles(candle(trades_count=None)))
    empty = to_frame(CANDLES.schema.empty_table())
    assert whole.dtypes.equals(holed.dtypes)
    assert whole.dtypes.equals(empty.dtypes)
    assert str(whole.dtypes["open_time"]) == "datetime64[ms, UTC]"
    assert whole.dtypes["trades_count"] == np.float64
    assert np.isnan(holed["trades_count"].iloc[0])
