"""Shared fixtures: an isolated home, UTC, no settings from the developer's environment."""

import os
import time
from pathlib import Path

import pytest

from include.config.settings import ENV_FILE, MLFLOW_OFF, PREFIX, Settings, load_settings

os.environ["TZ"] = "UTC"
time.tzset()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv(ENV_FILE, "")
    monkeypatch.setenv("PERPETUA_HOME", str(tmp_path / "home"))
    # a new database takes seconds; the tests of the mirror ask for theirs
    monkeypatch.setenv("PERPETUA_MLFLOW_URL", MLFLOW_OFF)


@pytest.fixture
def settings() -> Settings:
    """Settings of an empty home of this test's own."""
    return load_settings()
