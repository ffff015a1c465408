"""A sandbox with two symbols, and the real Slack client that talks to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from include.config.settings import Settings, load_settings
from tests.support.sandbox import running_sandbox


class SlackServer(NamedTuple):
    """The running sandbox, its settings, and a client without retries."""

    base_url: str
    settings: Settings
    client: WebClient

    def client_with(self, token: str) -> WebClient:
        return WebClient(token=token, base_url=f"{self.base_url}/api/", retry_handlers=[])

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.base_url + path)


@contextmanager
def slack_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT,ETH/USDT:USDT")
    with running_sandbox(load_settings()) as (base_url, settings):
        client = WebClient(token="xoxb-any", base_url=f"{base_url}/api/", retry_handlers=[])
        yield SlackServer(base_url, settings, client)


def refusal(error: pytest.ExceptionInfo[SlackApiError]) -> str:
    """Return Slack's error code."""
    return str(error.value.response["error"])
