"""An excerpt is a dataset with one split, equal to the whole one there."""

from pathlib import Path

import numpy as np
import pytest

from include.core.errors import IntegrityError, InvalidInputError
from include.features.dataset import MARKET_COLUMNS, Dataset, load_dataset
from include.features.excerpt import write_excerpt
from tests.support.datasets import dataset_of, martingale


@pytest.fixture
def whole() -> Dataset:
    late = martingale("ETH/USDT:USDT", 1_600, seed=2)
    return dataset_of(martingale("BTC/USDT:USDT", 1_600, seed=1), late.rows(0, 700))


def excerpt(whole: Dataset, folder: Path, **more: int) -> Dataset:
    folder.mkdir()
    write_excerpt(whole, "test", folder, **more)
    return load_dataset(folder)


def test_the_split_is_the_same_row_by_row(whole: Dataset, tmp_path: Path) -> None:
    cut = excerpt(whole, tmp_path / "cut")
    assert (cut.info.id, cut.info.symbols, list(cut.info.splits)) == (whole.info.id, whole.info.symbols, ["test"])
    ours, theirs = cut.split("test"), whole.split("test")
    assert list(ours) == list(theirs) == ["BTC/USDT:USDT"]
    for name in ("open_time", *MARKET_COLUMNS, "segment", "features"):
        np.testing.assert_array_equal(getattr(ours["BTC/USDT:USDT"], name), getattr(theirs["BTC/USDT:USDT"], name))


def test_the_lead_comes_before_the_split_and_is_no_part_of_it(whole: Dataset, tmp_path: Path) -> None:
    cut = excerpt(whole, tmp_path / "cut", lead_candles=30)
    assert (len(cut.series["BTC/USDT:USDT"]), len(cut.split("test")["BTC/USDT:USDT"])) == (530, 500)
    assert len(cut.series["ETH/USDT:USDT"]) == 0


def test_a_changed_file_is_refused(whole: Dataset, tmp_path: Path) -> None:
    excerpt(whole, tmp_path / "cut")
    victim = next((tmp_path / "cut").glob("BTC*.parquet"))
    victim.write_bytes(victim.read_bytes()[:-1])
    with pytest.raises(IntegrityError, match=victim.name):
        load_dataset(tmp_path / "cut")


def test_an_unknown_split_and_a_negative_lead_are_refused(whole: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="`split` must be one of train, validation, test, was 'live'"):
        write_excerpt(whole, "live", tmp_path)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="`lead_candles` must be at least 0, was -1"):
        write_excerpt(whole, "test", tmp_path, lead_candles=-1)
