"""Recorded market data for tests: read from a folder outside the project, skipped where there is none."""

import os
from pathlib import Path

import pytest

from include.core.paths import REPOSITORY

# read once: the tests' own environment is cleaned of every PERPETUA_ name
FOLDER = Path(os.environ.get("PERPETUA_TEST_DATA") or REPOSITORY.parent / "shared" / "data")


def recorded(name: str) -> Path:
    """Return a recorded file, or skip the test where it is not at hand."""
    file = FOLDER / name
    if not file.is_file():
        pytest.skip(f"no recorded {name}: PERPETUA_TEST_DATA names the folder that holds it")
    return file
