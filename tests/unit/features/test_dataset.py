import numpy as np
import pytest

from include.core.clock import to_ms
from include.core.errors import IntegrityError, InvalidInputError, MissingInputError
from include.core.files import write_json
from include.features.dataset import INFO_FILE, MARKET_COLUMNS, load_dataset, read_info, symbol_file
from tests.support.datasets import dataset_of, martingale, write_dataset

BTC = "BTC/USDT:USDT"


def test_splits_hold_the_rows_inside_their_window():
    dataset = dataset_of(martingale(BTC, 1000, seed=1))
    test = dataset.split("test")[BTC]
    window = dataset.info.splits["test"]
    assert len(test) == 500
    assert to_ms(window.start) == test.open_time[0]
    assert test.open_time[-1] < to_ms(window.end)
    np.testing.assert_array_equal(test.close, dataset.series[BTC].close[-500:])
    assert test.features.base is not None


def test_a_symbol_without_rows_in_a_split_is_absent_from_it():
    dataset = dataset_of(martingale(BTC, 1000, seed=1), martingale("ETH/USDT:USDT", 300, seed=2))
    assert list(dataset.split("train")) == [BTC, "ETH/USDT:USDT"]
    assert list(dataset.split("test")) == [BTC]


def test_an_unknown_split_is_refused():
    with pytest.raises(InvalidInputError, match="`split` must be one of train, validation, test, was 'holdout'"):
        dataset_of(martingale(BTC, 1000, seed=1)).split("holdout")


def test_rows_cut_every_array_alike():
    cut = martingale(BTC, 50, seed=1).rows(10, 13)
    assert len(cut) == 3
    assert {len(getattr(cut, name)) for name in (*MARKET_COLUMNS, "segment", "features")} == {3}


def test_a_symbol_file_carries_symbol_and_timeframe():
    assert symbol_file("1000PEPE/USDT:USDT", "4h") == "1000PEPE-USDT-USDT_4h.parquet"


def test_a_dataset_that_does_not_exist_is_missing_input(tmp_path):
    with pytest.raises(MissingInputError, match="Dataset `nowhere` does not exist"):
        read_info(tmp_path / "nowhere")


@pytest.mark.parametrize("damage", ["absent", "garbage"])
def test_an_unreadable_file_is_an_integrity_error(tmp_path, damage):
    write_dataset(dataset_of(martingale(BTC, 1000, seed=1)), tmp_path)
    file = tmp_path / symbol_file(BTC, "4h")
    if damage == "garbage":
        file.write_bytes(b"not a table")
    else:
        file.unlink()
    with pytest.raises(IntegrityError, match=r"is damaged: BTC-USDT-USDT_4h\.parquet is not the file that was frozen"):
        load_dataset(tmp_path)


def test_a_readable_file_with_other_values_is_refused(tmp_path):
    dataset = dataset_of(martingale(BTC, 1000, seed=1))
    info = write_dataset(dataset, tmp_path).info
    write_dataset(dataset_of(martingale(BTC, 1000, seed=2)), tmp_path)
    write_json(tmp_path / INFO_FILE, info.model_dump(mode="json"))
    with pytest.raises(IntegrityError, match="is damaged"):
        load_dataset(tmp_path)


def test_loaded_arrays_have_the_documented_types(tmp_path):
    dataset = dataset_of(martingale(BTC, 1000, seed=1))
    series = dataset.series[BTC]
    info = write_dataset(dataset, tmp_path).info
    loaded = load_dataset(tmp_path)
    assert loaded.info == info
    for name in ("open_time", "segment", "features", *MARKET_COLUMNS):
        expected = getattr(series, name)
        assert getattr(loaded.series[BTC], name).dtype == expected.dtype, name
        np.testing.assert_array_equal(getattr(loaded.series[BTC], name), expected)
