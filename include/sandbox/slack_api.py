"""The Slack Web API of the sandbox: one HTTP endpoint, requests decoded and authorised as Slack does.

What each method does is in `slack_methods.py`.
"""

import asyncio
import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from include.config.settings import Settings
from include.sandbox.slack_faults import Faults
from include.sandbox.slack_methods import METHODS, Call, SlackError
from include.sandbox.slack_page import SlackPage
from include.sandbox.slack_store import JsonObject, SlackStore

SCOPES = "channels:history,channels:read,chat:write,files:write"
_JSON_ARGUMENTS = {
    "blocks": "invalid_blocks_format",
    "metadata": "invalid_metadata_format",
    "files": "invalid_arguments",
}


def slack_routes(settings: Settings) -> list[BaseRoute]:
    """Return the routes of the Slack Web API and of the Slack page, storing under `home.sandbox/slack`.

    The channel of the settings exists from the start; any bot token (`xoxb-…`) is accepted.
    """
    store = SlackStore(settings.home.sandbox / "slack")
    store.ensure_channel(settings.slack_channel)
    api = _WebApi(store)
    return [
        Route("/api/{method}", api.call, methods=["GET", "POST"]),
        Route("/slack/upload/v1/{file_id}", api.upload, methods=["POST"]),
        Route("/sandbox/slack/faults", api.faults.add, methods=["POST"]),
        Route("/sandbox/slack/faults", api.faults.forget, methods=["DELETE"]),
        *SlackPage(store, settings.slack_channel).routes(),
    ]


class _WebApi:
    def __init__(self, store: SlackStore) -> None:
        self._store = store
        self.faults = Faults()

    async def call(self, request: Request) -> Response:
        fault = self.faults.take(request.path_params["method"])
        if fault is not None and not fault.is_taken:
            return fault.response()
        answer = await self._answer(request)
        if fault is not None and fault.kind == "lost_acknowledgement":
            return fault.response()
        if fault is not None:
            await asyncio.sleep(fault.seconds)
        return JSONResponse(answer, headers={"x-oauth-scopes": SCOPES})

    async def upload(self, request: Request) -> Response:
        file = self._store.file(request.path_params["file_id"])
        content = await request.body()
        if file is None or len(content) != file.length:
            return PlainTextResponse("no such upload, or not the announced length", status_code=400)
        await run_in_threadpool(self._store.fill_file, file, content)
        return PlainTextResponse(f"OK - {len(content)}")

    async def _answer(self, request: Request) -> JsonObject:
        try:
            arguments = await _arguments(request)
            _authorise(request, arguments)
            method = METHODS.get(request.path_params["method"])
            if method is None:
                raise SlackError("unknown_method")
            call = Call(self._store, arguments, str(request.base_url).rstrip("/"))
            return {"ok": True, **await run_in_threadpool(method, call)}
        except SlackError as error:
            return error.answer()


async def _arguments(request: Request) -> JsonObject:
    arguments: JsonObject = dict(request.query_params)
    if "application/json" in request.headers.get("content-type", ""):
        arguments |= await _json_body(request)
    else:
        arguments |= {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    for name, error_code in _JSON_ARGUMENTS.items():
        if isinstance(arguments.get(name), str):
            arguments[name] = _decoded(arguments[name], error_code)
    return arguments


async def _json_body(request: Request) -> JsonObject:
    # the SDK sends an empty body with a JSON content type when a method takes no argument
    body = await request.body()
    document = _decoded(body, "invalid_json") if body else {}
    if not isinstance(document, dict):
        raise SlackError("json_not_object")
    return document


def _decoded(text: str | bytes, error_code: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise SlackError(error_code) from None


def _authorise(request: Request, arguments: JsonObject) -> None:
    header = request.headers.get("authorization", "")
    token = header.removeprefix("Bearer ").strip() or str(arguments.get("token", ""))
    if not token:
        raise SlackError("not_authed")
    if not token.startswith("xoxb-"):
        raise SlackError("invalid_auth")
