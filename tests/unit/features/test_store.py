import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.errors import IntegrityError, MissingInputError
from include.core.files import write_json
from include.features import store

BTC = "BTC/USDT:USDT"
TIMES = np.array([0, 14_400_000], dtype=np.int64)


def _table():
    features = pd.DataFrame({"f_a_b_1": [np.nan, 1.5], "f_a_c_2": [2.5, 3.5]}, dtype=np.float32)
    return store.to_table(TIMES, {"close": np.array([10.0, 11.0])}, features)


def _manifest(entry):
    return store.Manifest(
        build_id="b",
        feature_set="market94",
        feature_set_sha256="0",
        timeframe="4h",
        features=("f_a_b_1", "f_a_c_2"),
        symbols={BTC: entry},
        absent_symbols={},
        lake_versions={"candles": 3},
        seconds=0.5,
    )


def test_a_symbol_comes_back_as_it_was_written(tmp_path):
    entry = store.write_symbol(tmp_path, BTC, "4h", _table())
    assert (entry.file, entry.rows) == ("BTC-USDT-USDT_4h.parquet", 2)
    assert (entry.first_open_time.hour, entry.last_open_time.hour) == (0, 4)
    read = store.read_table(tmp_path, BTC, _manifest(entry))
    assert read.schema == _table().schema
    pd.testing.assert_frame_equal(read.to_pandas(), _table().to_pandas())


def test_types_are_instants_doubles_and_floats(tmp_path):
    store.write_symbol(tmp_path, BTC, "4h", _table())
    file = pq.ParquetFile(tmp_path / "BTC-USDT-USDT_4h.parquet")
    assert file.schema_arrow.types == [pa.timestamp("ms", tz="UTC"), pa.float64(), pa.float32(), pa.float32()]
    columns = [file.metadata.row_group(0).column(i) for i in range(4)]
    assert {column.compression for column in columns} == {"ZSTD"}
    assert not any("DICTIONARY" in encoding for column in columns for encoding in column.encodings)


def test_missing_values_are_nan_and_not_null():
    table = _table()
    assert table["f_a_b_1"].null_count == 0
    np.testing.assert_array_equal(store.feature_values(table, ("f_a_c_2", "f_a_b_1")), [[2.5, np.nan], [3.5, 1.5]])
    assert store.open_times(table).tolist() == TIMES.tolist()


@pytest.mark.parametrize("damage", ["truncated", "removed"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    entry = store.write_symbol(tmp_path, BTC, "4h", _table())
    file = tmp_path / entry.file
    if damage == "removed":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(IntegrityError, match="build the features again"):
        store.read_table(tmp_path, BTC, _manifest(entry))


def test_a_manifest_comes_back_and_counts_its_rows(tmp_path):
    manifest = _manifest(store.write_symbol(tmp_path, BTC, "4h", _table()))
    write_json(tmp_path / store.MANIFEST_FILE, manifest.model_dump(mode="json"))
    assert store.read_manifest(tmp_path) == manifest
    assert manifest.rows == 2


def test_memory_handed_back_is_allocated_from_the_system_from_then_on():
    before = pa.default_memory_pool()
    try:
        store.hand_memory_back()
        assert pa.default_memory_pool().backend_name == "system"
        assert _table().num_rows == 2
    finally:
        pa.set_memory_pool(before)


def test_features_that_were_never_built_are_missing_input(tmp_path):
    with pytest.raises(MissingInputError, match=r"No features in .*nowhere"):
        store.read_manifest(tmp_path / "nowhere")
