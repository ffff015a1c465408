"""What stands in the sandbox's Slack, as its Web API tells it."""

from typing import Any

import httpx

from include.config.settings import Settings

HEADERS = {"Authorization": "Bearer xoxb-sandbox"}


def told(settings: Settings) -> list[str]:
    """Return every message of the channel and its threads with its blocks, oldest thread first, parents first."""
    channel = _ask(settings, "conversations.list")["channels"][0]["id"]
    parents = _ask(settings, "conversations.history", channel=channel, limit=200)["messages"]
    messages = []
    for parent in reversed(parents):
        thread = _ask(settings, "conversations.replies", channel=channel, ts=parent["ts"], limit=200)
        messages += thread.get("messages", [parent])
    return [str(message) for message in messages]


def _ask(settings: Settings, method: str, **arguments: Any) -> dict[str, Any]:
    answer = httpx.get(f"{settings.sandbox_url}/api/{method}", params=arguments, headers=HEADERS)
    document: dict[str, Any] = answer.raise_for_status().json()
    return document
