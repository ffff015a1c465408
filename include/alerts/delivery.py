"""How a message reaches people: into the outbox first, then to Slack, once, in order, as often as it takes.

`deliver` and `told_before` never raise: what is told must never stop what it tells of. `undelivered` says what waits.
"""

import json
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from include.alerts.incidents import NOTHING_BEFORE, Standing, observe
from include.alerts.message import Message, Posted
from include.alerts.outbox import Entry, New, Outbox, State
from include.alerts.sender import Sender
from include.alerts.threads import parent_key
from include.config.settings import Settings
from include.core.checks import CheckReport
from include.core.clock import wall_now
from include.core.errors import AlreadyRunningError, IntegrityError, InvalidInputError
from include.core.locks import in_turn
from include.core.paths import Home

log = logging.getLogger(__name__)

# so long a caller waits for the next attempt itself, and so many attempts it makes
INLINE_WAIT = timedelta(seconds=5)
INLINE_ATTEMPTS = 3
# so long a caller waits while another process sends, in seconds; what it told is kept, and sent by whoever sends next
TURN_SECONDS = 30.0
HURRIED_TURN_SECONDS = 0.5
_PASSES = 3


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes into the thread with a message; `alt_text` is for people who cannot see it."""

    path: Path
    title: str
    alt_text: str | None = None


def deliver(
    settings: Settings,
    message: Message,
    thread: str | None = None,
    files: Sequence[Attachment] = (),
    *,
    is_patient: bool = True,
) -> Posted | None:
    """Keep `message` in the outbox, then send what waits and this message with it.

    A message whose key was sent before is not sent again. One that does not arrive stays, and is tried again by the
    next `deliver` of any process and by `retry`.

    Parameters
    ----------
    settings : Settings
        Names the home and the channel.
    message : Message
        What is told.
    thread : str or None
        `day:2026-02-23` or `run:RUN_ID`; its first message is sent before, when it does not stand yet.
    files : sequence of Attachment
        Go into the thread of the message, after it.
    is_patient : bool
        Sit through short waits; False makes one attempt, for callers with better things to do.

    Returns
    -------
    Posted or None
        Where the message stands; None when it has not arrived yet, or was refused. The log says why.
    """
    try:
        outbox = Outbox(settings.home.alerts)
        outbox.put(_entries(settings, outbox, message, thread, files), wall_now())
        return _send_now(settings, outbox, message.key, is_patient)
    except Exception:
        log.exception("Message %s could not be kept in the outbox or sent; people may not be told", message.key)
        return None


def told_before(settings: Settings, report: CheckReport, key: str, now: datetime) -> Standing:
    """Note the alerts of `report`, which the message `key` tells, and return what was told of them before.

    Where the home's `alerts.sqlite` cannot be used, nothing was: all is told in full.
    """
    try:
        return observe(Outbox(settings.home.alerts), report, key, now)
    except Exception:
        log.exception("What was told before the message %s is not known", key)
        return NOTHING_BEFORE


def retry(settings: Settings) -> list[Entry]:
    """Send what waits and is due; return what is undelivered then, waiting or refused, the oldest first."""
    if settings.home.alerts.exists():
        _send(settings, Outbox(settings.home.alerts), TURN_SECONDS)
    return undelivered(settings.home)


def flush(settings: Settings) -> list[Entry]:
    """Send what waits, due or not, and what was refused; return what is undelivered then, the oldest first."""
    if settings.home.alerts.exists():
        Outbox(settings.home.alerts).reopen_all(wall_now())
    return retry(settings)


def drop(settings: Settings, key: str) -> None:
    """Forget the message or file `key`, waiting or refused: it is never sent.

    Raises
    ------
    InvalidInputError
        Nothing undelivered has this key.
    AlreadyRunningError
        Another process has been sending for long.
    """
    if key not in {entry.key for entry in undelivered(settings.home)}:
        raise InvalidInputError(
            f"`key` must be that of a message which has not reached Slack, was {key!r}. "
            "Hint: `python -m include alerts list` shows the keys."
        )
    with in_turn(_lock(settings), TURN_SECONDS):
        if not Outbox(settings.home.alerts).drop(key):
            raise InvalidInputError(f"`key` must be that of a message which has not reached Slack, {key!r} just did.")


def undelivered(home: Home) -> list[Entry]:
    """Return what people were not told, waiting or refused, the oldest first; nothing is sent."""
    return Outbox(home.alerts).undelivered() if home.alerts.exists() else []


def _entries(
    settings: Settings, outbox: Outbox, message: Message, thread: str | None, files: Iterable[Attachment]
) -> list[New]:
    # seconds to import, and what only tries again never needs it
    from include.alerts.first_messages import first_message

    top = None if thread is None else parent_key(thread)
    entries = []
    if thread is not None and top is not None and top != message.key and outbox.entry(top) is None:
        entries.append(New(top, None, "message", first_message(settings, thread).model_dump_json()))
    own_parent = None if top == message.key else top
    entries.append(New(message.key, own_parent, "message", message.model_dump_json()))
    for file in files:
        body = json.dumps({"path": str(file.path), "title": file.title, "alt_text": file.alt_text})
        entries.append(New(f"{message.key}:file:{file.path.name}", own_parent or message.key, "file", body))
    return entries


def _send_now(settings: Settings, outbox: Outbox, key: str, is_patient: bool) -> Posted | None:
    attempts, seconds = (INLINE_ATTEMPTS, TURN_SECONDS) if is_patient else (1, HURRIED_TURN_SECONDS)
    entry = _standing(outbox, key)
    if entry.state is State.REFUSED:
        # whoever says it again may have mended what it was refused for
        outbox.reopen(key, wall_now())
    outbox.reopen_refused(wall_now())
    for attempt in range(1, attempts + 1):
        had_turn = _send(settings, outbox, seconds, entry.lane)
        entry = _standing(outbox, key)
        wait = max(entry.next_attempt_at, outbox.held_until() or entry.next_attempt_at) - wall_now()
        if entry.state is not State.PENDING or wait > INLINE_WAIT or attempt == attempts or not had_turn:
            break
        time.sleep(max(wait.total_seconds(), 0.0))
    if entry.state is State.SENT and entry.channel and entry.ts:
        return Posted(entry.channel, entry.ts, entry.permalink)
    why = entry.error or ("an older message of its thread waits." if had_turn else "another process is sending.")
    log.error("Message %s has not reached Slack (%s): %s Hint: python -m include alerts list", key, entry.state, why)
    return None


def _send(settings: Settings, outbox: Outbox, seconds: float, urgent: str | None = None) -> bool:
    """Send when no other process does; return False when one did for all of `seconds`."""
    try:
        with in_turn(_lock(settings), seconds):
            sender = Sender(settings, outbox, urgent)
            for _ in range(_PASSES):
                if not sender.run():
                    break
    except AlreadyRunningError as error:
        log.warning("Another process is sending messages; what waits is kept: %s", error)
        return False
    return True


def _lock(settings: Settings) -> Path:
    return settings.home.alerts.with_suffix(".lock")


def _standing(outbox: Outbox, key: str) -> Entry:
    entry = outbox.entry(key)
    if entry is None:
        raise IntegrityError(f"The outbox must hold the message {key!r} that was just put there, did not.")
    return entry
