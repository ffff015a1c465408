"""A small dataset on disk and a really trained run on it, once for all tests of this package."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.config.settings import Settings, load_settings
from include.config.system import SystemConfig, load_system
from include.core.files import write_json
from include.features.dataset import INFO_FILE, MARKET_COLUMNS, Dataset, symbol_file
from include.training.train import train
from tests.support.datasets import dataset_of, martingale

SMALL = {
    "training.n_steps": 64,
    "training.batch_size": 32,
    "training.n_epochs": 1,
    "training.total_timesteps": 256,
    "training.checkpoint_every_steps": 128,
    "splits.test_candles": 120,
    "splits.validation_candles": 60,
    "splits.min_train_candles": 300,
}
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")


@pytest.fixture(scope="package")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path]:
    """Settings of a home that holds a dataset of two symbols, and the folder of a finished run on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERPETUA_HOME", str(tmp_path_factory.mktemp("home")))
        settings = load_settings()
    dataset = small_dataset()
    write_dataset(dataset, settings.home.dataset(dataset.info.id))
    summary = train(settings, small_system(), dataset, steps=256)
    return settings, settings.home.run(summary.run_id)


def small_system() -> SystemConfig:
    """Return phase4 with a training of 256 steps."""
    return load_system("phase4", overrides=SMALL)


def small_dataset() -> Dataset:
    """Return two random walks of 700 candles, the last 120 for the test."""
    series = [martingale(symbol, 700, seed) for seed, symbol in enumerate(SYMBOLS)]
    return dataset_of(*series, test=120, validation=60)


def write_dataset(dataset: Dataset, folder: Path) -> None:
    """Write `dataset` as a frozen one lies on disk."""
    folder.mkdir(parents=True)
    for symbol, series in dataset.series.items():
        columns: dict[str, pa.Array] = {"open_time": pa.array(series.open_time).cast(pa.timestamp("ms", tz="UTC"))}
        columns |= {name: pa.array(getattr(series, name)) for name in (*MARKET_COLUMNS, "segment")}
        for index, name in enumerate(dataset.info.features):
            columns[name] = pa.array(np.ascontiguousarray(series.features[:, index]))
        pq.write_table(pa.table(columns), folder / symbol_file(symbol, dataset.info.timeframe))
    write_json(folder / INFO_FILE, dataset.info.model_dump(mode="json"))
