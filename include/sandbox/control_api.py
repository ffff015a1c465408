"""The sandbox's own page and endpoints: what it is, what time it is, moving the clock."""

import re
from datetime import timedelta
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from include.config.settings import Settings
from include.core.clock import format_utc, from_ms
from include.core.errors import InvalidInputError
from include.sandbox.clock import VirtualClock
from include.sandbox.market_data import MarketData
from include.sandbox.synthetic_factors import HORIZON_DAYS

TEMPLATES = Path(__file__).parent / "templates"
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_DURATION = re.compile(r"(\d{1,6})\s*([mhdw])", re.ASCII)


class ControlApi:
    """What people and `python -m include sandbox` see of the sandbox itself."""

    def __init__(self, settings: Settings, data: MarketData, clock: VirtualClock) -> None:
        self._channel = settings.slack_channel
        self._data = data
        self._clock = clock
        # autoescape: the path of the data and the channel are other people's text
        self._templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the index page, health and the clock."""
        return [
            Route("/", self.index),
            Route("/health", self.health),
            Route("/sandbox/clock", self.clock),
            Route("/sandbox/advance", self.advance, methods=["POST"]),
        ]

    async def index(self, _: Request) -> HTMLResponse:
        """Show what is served, the virtual time and a form that moves it."""
        return self._page()

    async def health(self, _: Request) -> JSONResponse:
        """Answer that the sandbox is up, with its time and data."""
        return JSONResponse({"status": "ok", "market_now": self._time()["market_now"], "data": self._data.name})

    async def clock(self, _: Request) -> JSONResponse:
        """Answer the virtual now and the end of the data."""
        return JSONResponse(self._time())

    async def advance(self, request: Request) -> Response:
        """Move the clock by `{"by": "4h"}`; from the page's form, return to the page."""
        is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        try:
            body = dict(await request.form()) if is_form else await _json(request)
            self._clock.advance(parse_duration(body.get("by")))
        except InvalidInputError as error:
            return self._page(str(error), 400) if is_form else JSONResponse({"error": str(error)}, 400)
        return RedirectResponse("/", 303) if is_form else JSONResponse(self._time())

    def _page(self, error: str | None = None, status: int = 200) -> HTMLResponse:
        now_ms = self._clock.now_ms()
        page = self._templates.get_template("index.html").render(
            now=format_utc(from_ms(now_ms)),
            end=format_utc(from_ms(self._data.end_ms)),
            is_past_end=now_ms > self._data.end_ms,
            is_synthetic=self._data.name == "synthetic",
            horizon_days=HORIZON_DAYS,
            data=self._data.name,
            symbols=self._data.symbols(),
            channel=self._channel,
            error=error,
        )
        return HTMLResponse(page, status)

    def _time(self) -> dict[str, Any]:
        now_ms = self._clock.now_ms()
        return {
            "market_now": from_ms(now_ms).isoformat(timespec="milliseconds"),
            "market_now_ms": now_ms,
            "data_end": from_ms(self._data.end_ms).isoformat(timespec="milliseconds"),
        }


def parse_duration(text: object) -> timedelta:
    """Return `15m`, `4h`, `2d` or `1w` as a duration."""
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise InvalidInputError(f"`by` must be a whole number and a unit m, h, d or w, was {text!r}. Hint: 4h.")
    return int(match[1]) * UNITS[match[2]]


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (JSONDecodeError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        raise InvalidInputError('The body must be a JSON object such as {"by": "4h"}.')
    return body
