import pandas as pd
import pytest

from include.core.errors import InvalidInputError
from include.features.export import export_split
from tests.support.datasets import dataset_of, martingale

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
DATASET = dataset_of(martingale(BTC, 1_300, seed=1), martingale(ETH, 1_300, seed=2))


@pytest.mark.parametrize("name", ["test_data.csv", "test_data.parquet"])
def test_the_rows_of_a_split_are_written_symbol_after_symbol(tmp_path, name):
    file = tmp_path / name

    assert export_split(DATASET, "test", file) == 1_000

    rows = pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file)
    expected = DATASET.split("test")[ETH]
    own = rows[rows["symbol"] == ETH]
    assert rows["symbol"].tolist() == [BTC] * 500 + [ETH] * 500
    assert pd.to_datetime(own["open_time"]).tolist() == pd.to_datetime(expected.open_time, unit="ms", utc=True).tolist()
    assert own["close"].tolist() == expected.close.tolist()
    assert own["f_test_2"].to_numpy("float32").tolist() == expected.features[:, 2].tolist()


def test_another_kind_of_file_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"`output` must end in \.parquet or \.csv, was 'rows\.xlsx'"):
        export_split(DATASET, "test", tmp_path / "rows.xlsx")


def test_an_unknown_split_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="`split` must be one of train, validation, test, was 'exam'"):
        export_split(DATASET, "exam", tmp_path / "rows.csv")
