"""One tiny real training, shared by every test that only reads it."""

from pathlib import Path

import pytest

from include.config.settings import Settings
from include.training.summary import RunSummary
from include.training.train import train
from tests.unit.training.builders import tiny_dataset, tiny_system


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunSummary:
    """Summary of a finished training of 256 steps on two symbols."""
    settings = Settings(PERPETUA_HOME=tmp_path_factory.mktemp("home"), mlflow_url="off")
    return train(settings, tiny_system(), tiny_dataset(), steps=256, seed=7)


@pytest.fixture
def finished_folder(finished: RunSummary) -> Path:
    """Folder of that training; a test that changes files copies it first."""
    return Path(finished.folder)
