"""A fold's dataset holds what its training may see, and nothing else."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from include.core.clock import from_ms
from include.core.errors import DataQualityError, InvalidInputError
from include.core.paths import Home
from include.features.dataset import MARKET_COLUMNS, Dataset, Window, load_dataset
from include.features.fold import write_fold
from tests.support.datasets import START_MS, STEP_MS, dataset_of, martingale

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"


def window(first: int, stop: int) -> Window:
    return Window(start=from_ms(START_MS + first * STEP_MS), end=from_ms(START_MS + stop * STEP_MS))


TRAIN, VALIDATION = (window(0, 300), window(400, 700)), window(742, 900)


@pytest.fixture
def parent() -> Dataset:
    series = [martingale(BTC, 1_600, 1), martingale(ETH, 1_600, 2).rows(650, 1_600), martingale(SOL, 800, 3)]
    return dataset_of(*series)


@pytest.fixture
def fold(parent: Dataset, tmp_path: Path) -> Dataset:
    info = write_fold(Home(tmp_path), parent, TRAIN, VALIDATION, min_train_candles=200)
    return load_dataset(Home(tmp_path).dataset(info.id))


def test_rows_are_those_of_the_windows_alone(fold: Dataset, parent: Dataset) -> None:
    chosen = np.r_[0:300, 400:700, 742:900]
    ours, theirs = fold.series[BTC], parent.series[BTC]
    for name in ("open_time", *MARKET_COLUMNS, "features"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name)[chosen])
    assert len(fold.split("train")[BTC]) == 600
    assert len(fold.split("validation")[BTC]) == 158
    assert "test" not in fold.info.splits


def test_no_segment_crosses_rows_that_are_left_out(fold: Dataset) -> None:
    series = fold.series[BTC]
    for (before, first), (after, second) in pairwise(zip(series.open_time, series.segment, strict=True)):
        assert (first == second) == (after - before == STEP_MS)
    assert len(np.unique(series.segment)) == 3


def test_a_symbol_without_enough_rows_is_dropped_with_the_reason(fold: Dataset) -> None:
    assert fold.info.symbols == (BTC, SOL)
    assert fold.info.dropped_symbols == {ETH: "50 train candles, needs 200; 158 validation"}


def test_statistics_are_those_of_the_training_rows(fold: Dataset) -> None:
    values = np.concatenate([series.features[:, 0] for series in fold.split("train").values()]).astype(np.float64)
    assert fold.info.statistics["f_test_0"]["mean"] == pytest.approx(values.mean())


def test_the_same_fold_has_the_same_id_and_another_one_another(parent: Dataset, tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = write_fold(home, parent, TRAIN, VALIDATION, 200)
    written = (home.dataset(first.id) / "dataset_info.json").stat().st_mtime_ns
    assert write_fold(home, parent, TRAIN, VALIDATION, 200) == first
    assert (home.dataset(first.id) / "dataset_info.json").stat().st_mtime_ns == written
    assert write_fold(home, parent, TRAIN[:1], VALIDATION, 200).id != first.id


def test_the_future_of_a_training_window_changes_nothing(parent: Dataset, tmp_path: Path) -> None:
    info = write_fold(Home(tmp_path), parent, TRAIN[:1], window(342, 400), 200)
    cut = parent.series[BTC]
    late = {name: getattr(cut, name).copy() for name in ("close", "features")}
    late["close"][400:] *= 3.0
    late["features"][400:] += 1.0
    changed = Dataset(parent.info, parent.series | {BTC: replace(cut, **late)})
    assert write_fold(Home(tmp_path), changed, TRAIN[:1], window(342, 400), 200) == info


def test_windows_out_of_order_are_refused(parent: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="`train` must be windows in order"):
        write_fold(Home(tmp_path), parent, (window(400, 500), window(0, 300)), VALIDATION, 200)
    with pytest.raises(InvalidInputError, match="all before `validation`"):
        write_fold(Home(tmp_path), parent, (), VALIDATION, 200)
    with pytest.raises(DataQualityError, match=f"No symbol has enough candles for the fold: {BTC}: 600 train candles"):
        write_fold(Home(tmp_path), parent, TRAIN, VALIDATION, min_train_candles=601)
