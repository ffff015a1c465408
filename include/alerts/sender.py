"""One pass over the outbox: what waits is sent to Slack in its order, and each outcome is written down.

Only one process at a time may do this. When passes happen is decided in `delivery.py`.
"""

import json
import logging
from datetime import datetime, timedelta
from pathlib import Path

from include.alerts.message import Message, Posted
from include.alerts.outbox import Entry, Kind, Outbox, State
from include.alerts.slack import SlackChannel, ThreadGoneError
from include.config.settings import Settings
from include.core.clock import format_utc, wall_now
from include.core.errors import ConfigurationError, PerpetuaError, RateLimitedError, TransientError

log = logging.getLogger(__name__)

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)
# what a chart shows is old news then; its message says the same
FILE_LIFETIME = timedelta(hours=24)
# Slack's clock may be behind ours; looking for a key too far back costs a page at most
CLOCK_MARGIN = timedelta(minutes=10)


class Sender:
    """Sends what is due and, due or not, what waits in the lane `urgent`.

    Within a lane the order is kept: a message that cannot be sent yet holds up what was written after it. A file holds
    up no message.
    """

    def __init__(self, settings: Settings, outbox: Outbox, urgent: str | None = None) -> None:
        self._settings, self._outbox, self._urgent = settings, outbox, urgent
        self._slack: SlackChannel | None = None
        self._is_gone, self._are_files_off = False, False
        self._refusals: dict[Kind, str] = {}

    def run(self) -> bool:
        """Send, and return whether a second pass has something to do: a thread must be begun anew."""
        self._is_gone, self._are_files_off, held_up = False, False, set[str]()
        for entry in self._outbox.pending():
            now = wall_now()
            if now < (self._outbox.held_until() or now):
                break
            is_early = entry.next_attempt_at > now
            if entry.kind == "file":
                if is_early or self._are_files_off or entry.lane in held_up:
                    continue
            elif entry.lane in held_up or (is_early and entry.lane != self._urgent):
                held_up.add(entry.lane)
                continue
            if not self._settle(entry, now):
                break
        return self._is_gone

    def _settle(self, entry: Entry, now: datetime) -> bool:
        """Try one entry, write its outcome down, and return whether to go on with the next."""
        if entry.kind in self._refusals:
            self._refuse(entry, self._refusals[entry.kind], is_configuration=True, is_uncertain=entry.is_uncertain)
            return True
        attempt = _Attempt(entry, now)
        try:
            self._deliver(attempt)
        except TransientError as error:
            return self._put_off(attempt, error)
        except ThreadGoneError as error:
            self._begin_anew(entry, now, error)
        except ConfigurationError as error:
            # the token and the channel are the same for all of its kind
            self._refusals[entry.kind] = str(error)
            self._refuse(entry, str(error), is_configuration=True, is_uncertain=attempt.is_uncertain(error))
        except PerpetuaError as error:
            self._refuse(entry, str(error), is_configuration=False)
        except Exception as error:
            # whatever this one has, the others must not wait for it
            log.exception("Message %s cannot be sent", entry.key)
            is_uncertain = attempt.is_sending or entry.is_uncertain
            self._refuse(entry, f"{type(error).__name__}: {error}", is_configuration=False, is_uncertain=is_uncertain)
        return True

    def _deliver(self, attempt: "_Attempt") -> None:
        entry, slack = attempt.entry, self._connected()
        thread = self._thread_of(entry)
        # written before anything is sent: whoever finds it after a kill must look the key up first
        self._outbox.begin_attempt(entry.key, attempt.at)
        posted = _found(slack, entry, thread)
        if posted is None:
            attempt.is_sending = True
            posted = _posted(slack, entry, thread)
        else:
            log.info("Message %s stood in Slack already; its acknowledgement had been lost", entry.key)
        self._outbox.mark_sent(entry.key, posted, wall_now())

    def _connected(self) -> SlackChannel:
        if self._slack is None:
            self._slack = SlackChannel(self._settings)
        return self._slack

    def _thread_of(self, entry: Entry) -> str | None:
        parent = self._outbox.entry(entry.parent) if entry.parent else None
        if parent is not None and parent.state is State.REFUSED and parent.is_configuration:
            raise ConfigurationError(parent.error or "The first message of its thread was refused.")
        # a first message that was refused for what it says leaves its replies without a thread
        return None if parent is None else parent.ts

    def _begin_anew(self, entry: Entry, now: datetime, error: ThreadGoneError) -> None:
        if entry.kind == "file" or entry.parent is None:
            self._refuse(entry, str(error), is_configuration=False)
            return
        log.warning("%s It is begun anew.", error)
        self._outbox.send_anew(entry.parent, now)
        self._outbox.postpone(entry.key, now, str(error), is_uncertain=False)
        self._is_gone = True

    def _put_off(self, attempt: "_Attempt", error: TransientError) -> bool:
        """Note that Slack is away or asked to wait, and return whether to go on with the next entry."""
        entry, now = attempt.entry, attempt.at
        wait = _back_off(entry.attempts + 1)
        if isinstance(error, RateLimitedError):
            wait = FIRST_WAIT if error.retry_after_seconds is None else timedelta(seconds=error.retry_after_seconds)
        if entry.kind == "file":
            # files have outages and limits of their own; one attempt tells as much as many
            self._are_files_off = True
            if now - entry.created_at >= FILE_LIFETIME:
                self._outbox.drop(entry.key)
                log.error("File %s has not reached Slack for %s and is dropped: %s", entry.key, FILE_LIFETIME, error)
            else:
                self._postpone(attempt, now + wait, error)
            return True
        if isinstance(error, RateLimitedError):
            self._outbox.hold(now + wait)
        self._postpone(attempt, now + wait, error)
        return False

    def _postpone(self, attempt: "_Attempt", until: datetime, error: TransientError) -> None:
        key, text = attempt.entry.key, str(error)
        self._outbox.postpone(key, until, text, is_uncertain=attempt.is_uncertain(error))
        log.warning("Message %s has not reached Slack and is tried again from %s: %s", key, format_utc(until), text)

    def _refuse(self, entry: Entry, error: str, *, is_configuration: bool, is_uncertain: bool = False) -> None:
        self._outbox.refuse(entry.key, error, is_configuration=is_configuration, is_uncertain=is_uncertain)
        log.error("Slack refused %s: %s", entry.key, error)


class _Attempt:
    """One attempt at an entry; it knows whether Slack may hold the entry afterwards."""

    def __init__(self, entry: Entry, at: datetime) -> None:
        self.entry, self.at, self.is_sending = entry, at, False

    def is_uncertain(self, error: PerpetuaError) -> bool:
        if not self.is_sending:
            return self.entry.is_uncertain
        return isinstance(error, TransientError) and not isinstance(error, RateLimitedError)


def _found(slack: SlackChannel, entry: Entry, thread: str | None) -> Posted | None:
    if not entry.is_uncertain or entry.first_attempt_at is None:
        return None
    since = entry.first_attempt_at - CLOCK_MARGIN
    if entry.kind == "file":
        return slack.find_file(json.loads(entry.body)["title"], thread, since)
    return slack.find(entry.key, thread, since)


def _posted(slack: SlackChannel, entry: Entry, thread: str | None) -> Posted:
    if entry.kind == "message":
        return slack.post(Message.model_validate_json(entry.body), thread)
    file = json.loads(entry.body)
    return slack.upload(Path(file["path"]), file["title"], thread, file["alt_text"])


def _back_off(attempts: int) -> timedelta:
    return min(FIRST_WAIT * (1 << min(attempts - 1, 16)), LONGEST_WAIT)
