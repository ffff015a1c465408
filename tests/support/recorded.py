"""Recorded market data for tests: read from a folder outside the project, skipped where there is none."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("RECORDED_MARKET_DATA", "no folder named"))


def recorded(name: str) -> Path:
    """Return a recorded file, or skip the test where it is not at hand."""
    file = FOLDER / name
    if not file.is_file():
        pytest.skip(f"no recorded {name}: RECORDED_MARKET_DATA names the folder that holds it")
    return file
