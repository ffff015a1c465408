"""A running sandbox of two symbols."""

from collections.abc import Iterator

import pytest

from include.config.settings import Settings, load_settings
from tests.support.sandbox import RunningSandbox, running_sandbox


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT,ETH/USDT:USDT")
    with running_sandbox(load_settings()) as running:
        yield running


@pytest.fixture
def online(sandbox: RunningSandbox) -> Settings:
    """Settings that lead to the running sandbox."""
    return sandbox.settings
