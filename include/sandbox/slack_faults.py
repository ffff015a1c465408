"""Faults that the sandbox's Slack shows on request, so that what talks to it can be tried against them.

`POST /sandbox/slack/faults {"kind": "rate_limited", "times": 2, "retry_after": 1}` queues them, with `"method":
"chat.postMessage"` for calls of that method alone; `DELETE` forgets them, and so does a restart. Kinds: `rate_limited`,
`server_error` (503), `lost_acknowledgement` (does what was asked, then fails), `slow_acknowledgement` (does what was
asked, answers after `seconds`), and every error code of Slack that `CODES` lists.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Kind = Literal["rate_limited", "server_error", "lost_acknowledgement", "slow_acknowledgement"]
# error codes that Slack answers with status 200, and what stands beside them
CODES: dict[str, dict[str, object]] = {
    "invalid_auth": {},
    "token_revoked": {},
    "missing_scope": {"needed": "chat:write", "provided": "channels:read"},
    "channel_not_found": {},
    "not_in_channel": {},
    "is_archived": {},
    "msg_too_long": {},
    "msg_blocks_too_long": {},
    "invalid_blocks": {"response_metadata": {"messages": ["[ERROR] a fault of the sandbox"]}},
    "internal_error": {},
}
KINDS = (*get_args(Kind), *CODES)
LONGEST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; those of `is_taken` do what was asked first."""

    kind: str
    retry_after: int = 1
    seconds: float = 5.0
    method: str | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the call does what it asks for all the same."""
        return self.kind in ("lost_acknowledgement", "slow_acknowledgement")

    def response(self) -> Response:
        """Return what Slack answers in this state."""
        if self.kind in CODES:
            return JSONResponse({"ok": False, "error": self.kind, **CODES[self.kind]})
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

    def take(self, method: str) -> Fault | None:
        """Return and forget the next fault that a call of `method` meets, None when there is none."""
        for fault in self.queue:
            if fault.method in (None, method):
                self.queue.remove(fault)
                return fault
        return None

    async def add(self, request: Request) -> Response:
        """Queue the faults that the request's JSON body describes."""
        wanted = await request.json()
        kind = wanted.get("kind")
        if kind not in KINDS:
            rule = f"`kind` must be one of {', '.join(KINDS)}, was {kind!r}."
            return JSONResponse({"error": rule}, status_code=400)
        fault = Fault(
            kind,
            int(wanted.get("retry_after", 1)),
            min(float(wanted.get("seconds", 5.0)), LONGEST_SECONDS),
            wanted.get("method"),
        )
        self.queue.extend([fault] * int(wanted.get("times", 1)))
        return JSONResponse({"queued": len(self.queue)})

    async def forget(self, _: Request) -> Response:
        """Forget what is queued."""
        self.queue.clear()
        return JSONResponse({"queued": 0})
