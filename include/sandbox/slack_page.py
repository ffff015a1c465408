"""The sandbox's Slack for people, offline: a page per channel, files inline, the newest day's threads open."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from include.sandbox.slack_methods import TEAM_NAME
from include.sandbox.slack_mrkdwn import plain, render, safe_link
from include.sandbox.slack_store import BROADCAST, Channel, JsonObject, SlackStore

TEMPLATES = Path(__file__).parent / "templates"
BOT_NAME = "Perpetua"
# nothing from elsewhere, no inline script or style
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# SVG is left out: it can carry scripts
_IMAGE_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif"}
_ASSETS = {"slack.css": "text/css", "slack.js": "text/javascript"}


class SlackPage:
    """The page `/slack`, its assets, and the uploaded files.

    Parameters
    ----------
    store : SlackStore
        What is shown.
    default_channel : str
        Shown when the address names none.
    """

    def __init__(self, store: SlackStore, default_channel: str) -> None:
        self._store = store
        self._default = default_channel
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.filters.update(
            mrkdwn=render,
            plain=plain,
            clock=_clock,
            safe_link=safe_link,
            is_image=_is_image,
            own_image=_own_image,
            is_broadcast=_is_broadcast,
        )

    def routes(self) -> list[BaseRoute]:
        """Return the page's routes."""
        return [
            Route("/slack", self.page),
            Route("/slack/state", self.state),
            Route("/slack/files/{file_id}", self.file),
            Route("/slack/assets/{name}", self.asset),
        ]

    def page(self, request: Request) -> Response:
        """Answer with the channel of `?channel=` (name or id), the default channel without it."""
        channel = self._wanted(request)
        if channel is None:
            return PlainTextResponse("There is no such channel.", status_code=404, headers=_SECURITY_HEADERS)
        messages = self._store.history(channel)[::-1]
        html = self._templates.get_template("slack.html").render(
            team=TEAM_NAME,
            bot=BOT_NAME,
            channel=channel,
            channels=self._store.channels(),
            days=_by_day(messages),
            replies={m["ts"]: self._store.thread(channel, m["ts"])[1:] for m in messages if m.get("reply_count")},
            titles={m["ts"]: m["text"] for m in messages},
            state=self._state(channel),
        )
        return HTMLResponse(html, headers=_SECURITY_HEADERS)

    def state(self, request: Request) -> Response:
        """Answer with a value that changes whenever the channel does; the page polls it."""
        channel = self._wanted(request)
        state = self._state(channel) if channel else ""
        return JSONResponse({"state": state}, headers={**_SECURITY_HEADERS, "Cache-Control": "no-store"})

    def file(self, request: Request) -> Response:
        """Answer with an uploaded file: images inline, anything else as a download."""
        file = self._store.file(request.path_params["file_id"])
        if file is None or not file.content.exists():
            return PlainTextResponse("There is no such file.", status_code=404, headers=_SECURITY_HEADERS)
        image = _IMAGE_TYPES.get(Path(file.name).suffix.lower())
        return FileResponse(
            file.content,
            media_type=image or "application/octet-stream",
            filename=file.name,
            content_disposition_type="inline" if image else "attachment",
            headers=_SECURITY_HEADERS,
        )

    def asset(self, request: Request) -> Response:
        """Answer with the style or the script of the page."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            return PlainTextResponse("There is no such asset.", status_code=404, headers=_SECURITY_HEADERS)
        return FileResponse(TEMPLATES / name, media_type=_ASSETS[name], headers=_SECURITY_HEADERS)

    def _wanted(self, request: Request) -> Channel | None:
        return self._store.channel(request.query_params.get("channel") or self._default)

    def _state(self, channel: Channel) -> str:
        messages = self._store.history(channel)
        newest = max([str(m.get("latest_reply", m["ts"])) for m in messages], default="0")
        edited = max([str(m["edited"]["ts"]) for m in messages if "edited" in m], default="0")
        return f"{newest}-{edited}-{len(messages)}"


def _instant(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)


def _clock(ts: str) -> str:
    return _instant(ts).strftime("%H:%M")


def _by_day(messages: Sequence[JsonObject]) -> list[tuple[str, list[JsonObject]]]:
    days = groupby(messages, key=lambda message: _instant(message["ts"]).strftime("%A, %-d %B %Y"))
    return [(day, list(group)) for day, group in days]


def _is_broadcast(message: JsonObject) -> bool:
    return message.get("subtype") == BROADCAST


def _is_image(file: JsonObject) -> bool:
    return Path(str(file["name"])).suffix.lower() in _IMAGE_TYPES


def _own_image(block: JsonObject) -> str | None:
    """Return the path of an image of this server; images from elsewhere are not loaded."""
    own: Any = (block.get("slack_file") or {}).get("id")
    path = f"/slack/files/{own}" if own else urlsplit(str(block.get("image_url", ""))).path
    return path if re.fullmatch(r"/slack/files/F[0-9A-F]+", path) else None
