"""The middleware that every request to an outside system goes through: it lets the plan's faults happen."""

import json
from collections.abc import Iterator
from typing import Any

from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from include.sandbox.faults import answers, rows, standing
from include.sandbox.faults.draw import Asked
from include.sandbox.faults.plan import ANSWER_KINDS, ROW_KINDS, Rule
from include.sandbox.faults.state import Faults

# the sandbox itself, and Slack, which has faults of its own
SPARED_PATHS = ("/sandbox/", "/health", "/slack", "/api/")


class FaultInjector:
    """ASGI middleware in front of everything that the sandbox serves.

    Parameters
    ----------
    app : ASGIApp
        What answers truly.
    faults : Faults
        The plan in force.
    """

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app, self._faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, truly or not."""
        path = scope.get("path", "")
        has_none = not self._faults.draw.plan.rules
        if scope["type"] != "http" or has_none or path == "/" or path.startswith(SPARED_PATHS):
            await self._app(scope, receive, send)
            return
        asked = self._faults.draw.asked(path, QueryParams(scope["query_string"]))
        answer = self._banned(asked) or self._instead(asked) or self._unlisted(asked)
        if answer is not None:
            await answer(scope, receive, send)
            return
        response = await _captured(self._app, self._asked_otherwise(asked, scope), receive)
        broken = next(self._met(asked, answers.OF_THE_BODY), None)
        if broken is not None:
            self._note(*broken, asked, {})
            await answers.send_broken(broken[1], response, scope, receive, send)
            return
        await self._changed(asked, response)(scope, receive, send)

    def _banned(self, asked: Asked) -> ASGIApp | None:
        seconds = self._faults.seconds_banned(asked.path)
        if not seconds:
            return None
        self._faults.log.add("banned", None, asked, {"seconds_left": round(seconds, 3)})
        return answers.ban(asked.path, seconds, self._faults.wall)

    def _instead(self, asked: Asked) -> ASGIApp | None:
        whole = tuple(kind for kind in ANSWER_KINDS if kind not in answers.OF_THE_BODY)
        number, rule = next(self._met(asked, whole), (0, None))
        if rule is None:
            return None
        self._note(number, rule, asked, _told(rule))
        if rule.fault == "banned":
            self._faults.ban(asked.path, rule.wait_seconds)
        return answers.answer_instead(rule, asked.path, self._faults.now_ms(), self._faults.wall)

    def _unlisted(self, asked: Asked) -> Response | None:
        for number, rule in self._met(asked, ("delisted", "renamed")):
            answer = standing.refusal(rule, asked, self._faults.now_ms())
            if answer is not None:
                self._note(number, rule, asked, {})
                return answer
        return None

    def _asked_otherwise(self, asked: Asked, scope: Scope) -> Scope:
        query = scope["query_string"]
        for rule in self._faults.draw.plan.rules:
            query = standing.renamed_query(rule, query) if rule.fault == "renamed" else query
        for number, rule in self._met(asked, ("frozen",)):
            before, query = query, standing.frozen_query(asked.path, query, self._faults.set_at_ms)
            if query != before:
                self._note(number, rule, asked, {"until_ms": self._faults.set_at_ms})
        return {**scope, "query_string": query}

    def _changed(self, asked: Asked, response: Response) -> Response:
        if response.status_code != 200:
            return response
        try:
            document = json.loads(bytes(response.body))
        except ValueError:
            return response
        is_spoiled = any(self._change(number, rule, asked, document) for number, rule in self._met(asked, ROW_KINDS))
        standing_ones = [self._change(number, rule, asked, document) for number, rule in self._standing_rules(asked)]
        if not is_spoiled and not any(standing_ones):
            return response
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return Response(json.dumps(document, separators=(",", ":")), response.status_code, headers)

    def _standing_rules(self, asked: Asked) -> Iterator[tuple[int, Rule]]:
        # whom a symbol's rule concerns is told by the rows of the answer, not by the request
        for number, rule in enumerate(self._faults.draw.plan.rules):
            if rule.fault in ("frozen", "clock_skew"):
                yield from [(number, rule)] if self._faults.draw.meets(number, asked) else []
            elif rule.fault in ("delisted", "renamed") and asked.path.startswith(rule.path):
                yield number, rule

    def _change(self, number: int, rule: Rule, asked: Asked, document: Any) -> bool:
        if rule.fault in ROW_KINDS:
            detail = rows.spoil(rule, rows.rows_of(document) or [], self._faults.draw.random(number, asked))
        else:
            detail = standing.change(rule, document, self._faults.set_at_ms)
        if detail is not None:
            self._note(number, rule, asked, detail)
        return detail is not None

    def _met(self, asked: Asked, kinds: tuple[str, ...]) -> Iterator[tuple[int, Rule]]:
        draw = self._faults.draw
        for number, rule in enumerate(draw.plan.rules):
            if rule.fault in kinds and draw.meets(number, asked):
                yield number, rule

    def _note(self, number: int, rule: Rule, asked: Asked, detail: dict[str, Any]) -> None:
        self._faults.draw.met(number, asked)
        self._faults.log.add(rule.fault, number, asked, detail)


def _told(rule: Rule) -> dict[str, Any]:
    if rule.fault in ("rate_limited", "banned", "timeout"):
        return {"seconds": rule.wait_seconds}
    return {"status": rule.status} if rule.fault == "server_error" else {}


async def _captured(app: ASGIApp, scope: Scope, receive: Receive) -> Response:
    """Return the whole answer of `app` instead of sending it."""
    started: Message = {}
    body = bytearray()

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, keep)
    response = Response(bytes(body), started["status"])
    response.raw_headers = list(started["headers"])
    return response
