"""Faults that the sandbox's Slack shows on request, so that what talks to it can be tried against them.

`POST /sandbox/slack/faults {"kind": "rate_limited", "times": 2, "retry_after": 1}` queues them; they are
forgotten at a restart.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Kind = Literal["rate_limited", "server_error", "lost_acknowledgement"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `lost_acknowledgement` does what was asked and then answers as if it had failed."""

    kind: Kind
    retry_after: int = 1

    def response(self) -> Response:
        """Return what Slack answers in this state."""
        if self.kind == "rate_limited":
            body = {"ok": False, "error": "ratelimited"}
            return JSONResponse(body, status_code=429, headers={"Retry-After": str(self.retry_after)})
        # 502: what a broken gateway answers; the SDK repeats 500 and 503 by itself, which would double the message
        status = 502 if self.kind == "lost_acknowledgement" else 503
        return Response("upstream connect error", status_code=status, media_type="text/plain")


@dataclass(slots=True)
class Faults:
    """The faults that the next API calls meet, in order."""

    queue: deque[Fault] = field(default_factory=deque)

    def take(self) -> Fault | None:
        """Return and forget the next fault, None when there is none."""
        return self.queue.popleft() if self.queue else None

    async def add(self, request: Request) -> Response:
        """Queue the faults that the request's JSON body describes."""
        wanted = await request.json()
        kind = wanted.get("kind")
        if kind not in get_args(Kind):
            rule = f"`kind` must be one of {', '.join(get_args(Kind))}, was {kind!r}."
            return JSONResponse({"error": rule}, status_code=400)
        self.queue.extend([Fault(kind, int(wanted.get("retry_after", 1)))] * int(wanted.get("times", 1)))
        return JSONResponse({"queued": len(self.queue)})
