import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from include.core.errors import IntegrityError, InvalidInputError, MissingInputError
from include.features.candle_file import build_file
from include.features.inputs import FeatureInputs
from include.features.matrix import compute
from include.features.registry import feature_set
from tests.support.recorded import recorded
from tests.unit.features.samples import START_MS, candles, instants

MARKET94, SHADOW15 = feature_set("market94"), feature_set("shadow15")


def _file(tmp_path, frame):
    frame.to_parquet(tmp_path / "candles.parquet", index=False)
    return tmp_path / "candles.parquet"


def _values(table, names=SHADOW15.names):
    return table.select(list(names)).to_pandas()


def test_one_symbol_without_a_name_comes_back_with_its_times(tmp_path):
    frame = candles(300)
    result = build_file(_file(tmp_path, frame), "shadow15", tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert (result.symbols, result.rows, result.features, result.without_values) == (1, 300, 15, ())
    assert table.column_names == ["open_time", *SHADOW15.names]
    assert table["open_time"].cast("int64").to_pylist() == frame["open_time"].tolist()
    expected = compute(FeatureInputs(frame, "4h"), SHADOW15).reset_index(drop=True)
    pd.testing.assert_frame_equal(_values(table), expected)


def test_symbols_stand_one_after_the_other_whatever_the_order_of_rows(tmp_path):
    frames = {"BTCUSDT": candles(300, seed=1), "DOGEUSDT": candles(250, seed=2)}
    mixed = pd.concat([frame.assign(symbol=symbol) for symbol, frame in frames.items()])
    mixed = mixed.sample(frac=1.0, random_state=3)
    seen = []
    result = build_file(
        _file(tmp_path, mixed), "market94", tmp_path / "out.parquet", progress=lambda *step: seen.append(step)
    )
    table = pq.read_table(tmp_path / "out.parquet")
    assert result.rows == table.num_rows == 550
    assert seen == [("features", 1, 2), ("features", 2, 2)]
    assert table.column_names[:2] == ["symbol", "open_time"]
    for symbol, frame in frames.items():
        own = table.filter(np.array(table["symbol"].to_pylist()) == symbol)
        # bitcoin's candles are in the file, under the exchange's name: they are the reference of both
        given = FeatureInputs(frame, "4h", reference={"BTC/USDT:USDT": frames["BTCUSDT"]})
        expected = compute(given, MARKET94).reset_index(drop=True)
        pd.testing.assert_frame_equal(_values(own, MARKET94.names), expected)
    assert "f_macro_btc_return_1" not in result.without_values
    assert set(result.without_values) >= {"f_sentiment_funding_rate_1", "f_macro_vix_z_days_120"}


def test_unified_names_and_timestamps_are_understood(tmp_path):
    frame = candles(200)
    named = frame.assign(symbol="BTC/USDT:USDT", open_time=instants(frame["open_time"]))
    result = build_file(_file(tmp_path, named), "market94", tmp_path / "out.parquet")
    assert "f_macro_btc_return_1" not in result.without_values
    assert pq.read_table(tmp_path / "out.parquet")["open_time"].cast("int64").to_pylist()[0] == START_MS


def test_recorded_minutes_of_several_symbols_work_as_they_come(tmp_path):
    frame = pd.read_parquet(recorded("klines_1m.parquet"), filters=[("symbol", "in", ["ETHUSDT", "ADAUSDT"])])
    frame = frame.groupby("symbol").head(5000)
    result = build_file(_file(tmp_path, frame), "shadow15", tmp_path / "out.parquet")
    assert (result.symbols, result.rows, result.without_values) == (2, 10_000, ())


def test_the_timeframe_may_be_told_and_must_be_that_of_the_candles(tmp_path):
    file = _file(tmp_path, candles(20))
    assert build_file(file, "shadow15", tmp_path / "out.parquet", "4h").rows == 20
    with pytest.raises(
        InvalidInputError, match=r"The file: `candles` must be 1h candles, their shortest step is 4h\.$"
    ):
        build_file(file, "shadow15", tmp_path / "out.parquet", "1h")
    with pytest.raises(InvalidInputError, match=r"`timeframe` must be one of 1m, .*, was '3h'"):
        build_file(file, "shadow15", tmp_path / "out.parquet", "3h")


@pytest.mark.parametrize("link", [None, "symlink_to", "hardlink_to"])
def test_the_candles_themselves_are_never_written_over(tmp_path, link):
    file = _file(tmp_path, candles(20))
    target = file if link is None else tmp_path / "other.parquet"
    if link is not None:
        getattr(target, link)(file)
    with pytest.raises(InvalidInputError, match=r"`output` must be another file than `candles`, was .*\.parquet"):
        build_file(file, "shadow15", target)
    assert pq.read_table(file).num_rows == 20
    assert "close" in pq.read_table(file).column_names


def test_only_a_parquet_file_is_written(tmp_path):
    file = _file(tmp_path, candles(20))
    with pytest.raises(InvalidInputError, match=r"`output` must end in \.parquet, was 'out\.csv'"):
        build_file(file, "shadow15", tmp_path / "out.csv")
    (tmp_path / "out").mkdir()
    with pytest.raises(
        InvalidInputError, match=r"`output` must be a file, .*/out is a folder\. Hint: .*/out/features\.p"
    ):
        build_file(file, "shadow15", tmp_path / "out")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["candles.parquet", "out"]


def test_impossible_candles_are_refused(tmp_path):
    frame = candles(20).assign(symbol="DOGEUSDT")
    frame.loc[3, ["high", "low"]] = frame.loc[3, ["low", "high"]].to_numpy()
    with pytest.raises(InvalidInputError, match=r"DOGEUSDT: .* open and close between low and high, 1 have not"):
        build_file(_file(tmp_path, frame), "shadow15", tmp_path / "out.parquet")


def test_unsound_candles_are_refused_with_their_symbol_and_nothing_is_left(tmp_path):
    frame = candles(20).assign(symbol="DOGEUSDT")
    frame.loc[3, "close"] = -1.0
    with pytest.raises(InvalidInputError, match=r"DOGEUSDT: `candles\.close` must be finite and positive, was -1"):
        build_file(_file(tmp_path, frame), "shadow15", tmp_path / "out.parquet")
    assert [file.name for file in tmp_path.iterdir()] == ["candles.parquet"]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda f: f.drop(columns="volume"), InvalidInputError, "must have the columns volume, had open_time, open"),
        (lambda f: f.head(0), MissingInputError, "must hold candles, .* has no rows"),
        (lambda f: f.assign(symbol=["A", None] * 10), InvalidInputError, "must name every candle's symbol"),
    ],
)
def test_a_file_that_lacks_something_is_refused(tmp_path, change, error, message):
    with pytest.raises(error, match=message):
        build_file(_file(tmp_path, change(candles(20))), "shadow15", tmp_path / "out.parquet")


def test_no_file_and_another_kind_of_file_are_refused(tmp_path):
    with pytest.raises(MissingInputError, match=r"must be an existing Parquet file, was .*nowhere"):
        build_file(tmp_path / "nowhere.parquet", "shadow15", tmp_path / "out.parquet")
    (tmp_path / "candles.csv").write_text("open_time,open")
    with pytest.raises(IntegrityError, match="must be a Parquet file, was"):
        build_file(tmp_path / "candles.csv", "shadow15", tmp_path / "out.parquet")
    with pytest.raises(InvalidInputError, match="`feature_set` must be one of market94, shadow15"):
        build_file(tmp_path / "candles.csv", "shadow16", tmp_path / "out.parquet")
