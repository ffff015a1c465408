import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.errors import InvalidInputError
from include.features.own_candles import inputs_of, listed, opened
from tests.unit.features.samples import START_MS, STEP_MS, candles

NUMBERS = ("open", "high", "low", "close", "volume", "taker_buy_volume")


def read(tmp_path, frame, timeframe=None):
    frame.to_parquet(tmp_path / "candles.parquet", index=False)
    return inputs_of(opened(tmp_path / "candles.parquet"), None, timeframe, {})


def every(milliseconds: float, rows: int = 20) -> pd.DataFrame:
    frame = candles(rows)
    return frame.assign(open_time=(START_MS + milliseconds * np.arange(rows)).astype(np.int64))


def test_candles_come_in_order_of_time_whatever_the_order_of_rows(tmp_path):
    frame = candles(20)
    given = read(tmp_path, frame.sample(frac=1.0, random_state=1))
    pd.testing.assert_frame_equal(given.candles, frame)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("words", [["1.5"] * 20, ["dear"] * 20])
def test_text_where_a_number_belongs_is_refused_by_column(tmp_path, name, words):
    with pytest.raises(InvalidInputError, match=rf"`candles\.{name}` must hold numbers, was (large_)?string\.$"):
        read(tmp_path, candles(20).assign(**{name: words}))


@pytest.mark.parametrize("kind", [pa.float32(), pa.int64(), pa.decimal128(20, 4)])
def test_every_kind_of_number_is_read(tmp_path, kind):
    hundred = pa.array([100.0] * 20).cast(kind)
    times = pa.array(START_MS + STEP_MS * np.arange(20))
    columns = dict.fromkeys(NUMBERS, hundred) | {"taker_buy_volume": pa.nulls(20)}
    pq.write_table(pa.table({"open_time": times, **columns}), tmp_path / "candles.parquet")
    inputs = inputs_of(opened(tmp_path / "candles.parquet"), None, None, {})
    ((_, segment),) = list(inputs.segments())
    assert segment.close.tolist() == [100.0] * 20
    assert np.isnan(segment.taker_buy_volume).all()


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (420_000, r"of one of the timeframes 1m, 5m, 15m, 1h, 4h, 1d, their shortest step is 7m\.$"),
        (7_200_000, r"their shortest step is 2h\.$"),
        (14_400, r"their shortest step is 14400 ms\. Hint: `open_time` looks like epoch seconds, give milliseconds\.$"),
        (60, r"their shortest step is 60 ms\. Hint: `open_time` looks like epoch seconds"),
        (14_400_000_000, r"Hint: `open_time` looks like epoch microseconds, give milliseconds\.$"),
    ],
)
def test_a_step_that_is_no_timeframe_is_refused(tmp_path, step, message):
    with pytest.raises(InvalidInputError, match=message):
        read(tmp_path, every(step))


def test_candles_of_another_timeframe_than_was_said_are_refused_by_name(tmp_path):
    assert read(tmp_path, every(3_600_000), "1h").step_ms == 3_600_000
    with pytest.raises(InvalidInputError, match=r"`candles` must be 4h candles, their shortest step is 1h\.$"):
        read(tmp_path, every(3_600_000), "4h")
    with pytest.raises(
        InvalidInputError, match=r"`candles` must be 4h candles, .* Hint: `open_time` looks like epoch s"
    ):
        read(tmp_path, every(14_400), "4h")


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf, np.nan])
def test_prices_that_are_not_finite_and_positive_are_refused(tmp_path, value):
    frame = candles(20)
    frame.loc[7, "close"] = value
    with pytest.raises(InvalidInputError, match=rf"`candles\.close` must be finite and positive, was {value} in row 7"):
        read(tmp_path, frame)


@pytest.mark.parametrize(("name", "times"), [("high", 0.5), ("low", 2.0)])
def test_open_and_close_lie_between_low_and_high(tmp_path, name, times):
    frame = candles(20)
    frame.loc[7, name] *= times
    with pytest.raises(InvalidInputError, match="between low and high, 1 have not, the first at 2024-01-02 04:00 UTC"):
        read(tmp_path, frame)


def test_a_candle_that_comes_twice_is_refused_with_its_instant(tmp_path):
    frame = candles(20)
    with pytest.raises(
        InvalidInputError, match=r"each open_time once, has 2024-01-02 04:00 UTC again\. Hint: drop dup"
    ):
        read(tmp_path, pd.concat([frame, frame.iloc[[9, 7]]]))


def test_a_candle_without_a_time_is_refused(tmp_path):
    times = candles(20)["open_time"].astype("Int64")
    times[3] = None
    with pytest.raises(InvalidInputError, match=r"`candles\.open_time` must be known of every candle"):
        read(tmp_path, candles(20).assign(open_time=times))


def test_of_many_names_five_are_listed():
    assert listed(list("abcde")) == "a, b, c, d, e"
    assert listed(list("abcdefg")) == "a, b, c, d, e and 2 more"
