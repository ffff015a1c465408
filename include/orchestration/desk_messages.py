"""What the desk shows of messages that Slack has not taken: the outbox is read, nothing is sent."""

import html
import json
from datetime import datetime, timedelta

from include.alerts.outbox import Entry, Outbox
from include.core.errors import PerpetuaError
from include.core.paths import Home
from include.reporting.desk import Unsent

_MOST_LETTERS = 140
_ON_ITS_WAY = timedelta(minutes=1)


def unsent(home: Home, now: datetime) -> list[Unsent]:
    """Return what people were not told, the oldest first; an outbox that cannot be read is told like a message."""
    try:
        # `delivery.undelivered` says the same and imports all that messages are made of
        waiting = Outbox(home.alerts).undelivered() if home.alerts.exists() else []
        # what was told this minute is on its way
        return [_shown(entry) for entry in waiting if entry.error or now - entry.created_at > _ON_ITS_WAY]
    except PerpetuaError as error:
        return [Unsent(now, "The outbox cannot be read", str(error))]


def _shown(entry: Entry) -> Unsent:
    reason = entry.error or ("not tried yet" if not entry.attempts else "")
    return Unsent(entry.created_at, _words(entry), f"{entry.state}: {reason}" if reason else str(entry.state))


def _words(entry: Entry) -> str:
    body = json.loads(entry.body)
    # a message's text is escaped for Slack, and the page escapes it for itself
    text = html.unescape(str(body.get("title") if entry.kind == "file" else body.get("text")))
    first = text.strip().splitlines()[0] if text.strip() else entry.key
    return first if len(first) <= _MOST_LETTERS else f"{first[: _MOST_LETTERS - 1]}…"
