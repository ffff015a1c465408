"""A small dataset on disk and a really trained run on it, once for all tests of this package."""

from pathlib import Path

import pytest

from include.config.settings import ENV_FILE, Settings, load_settings
from include.config.system import SystemConfig, load_system
from include.features.dataset import Dataset
from include.training.train import train
from tests.support.datasets import dataset_of, martingale, write_dataset

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
        patch.setenv(ENV_FILE, "")
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
