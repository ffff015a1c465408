"""The outbox: every message to people is written here before it is sent, and stays until it has arrived.

One SQLite file of the home, used by several processes at once. Sending does not belong here (`delivery.py`).
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal

from include.alerts.message import Posted
from include.core.clock import from_ms, to_ms
from include.core.errors import IntegrityError, TransientError

_WAIT_SECONDS = 30.0
_TABLES = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    parent TEXT,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    first_attempt_at INTEGER,
    next_attempt_at INTEGER NOT NULL,
    is_uncertain INTEGER NOT NULL DEFAULT 0,
    is_configuration INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    channel TEXT, ts TEXT, permalink TEXT, sent_at INTEGER
);
CREATE INDEX IF NOT EXISTS outbox_state ON outbox (state, number);
CREATE TABLE IF NOT EXISTS hold (one INTEGER PRIMARY KEY CHECK (one = 1), until INTEGER NOT NULL);
"""
_COLUMNS = (
    "key, parent, kind, body, state, created_at, attempts, first_attempt_at, next_attempt_at, is_uncertain, "
    "is_configuration, error, channel, ts, permalink"
)

Kind = Literal["message", "file"]


class State(StrEnum):
    """Where an entry stands. `refused` waits for a person: trying again by itself cannot help."""

    PENDING = "pending"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class New:
    """What is to be sent: `parent` is the key of the message in whose thread it goes, `body` its JSON."""

    key: str
    parent: str | None
    kind: Kind
    body: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it stands.

    `is_uncertain`: an attempt began whose outcome is not known, so the other side may hold it already.
    `is_configuration`: it was refused for a token, scope or channel, not for what it says.
    """

    key: str
    parent: str | None
    kind: Kind
    body: str
    state: State
    created_at: datetime
    attempts: int
    first_attempt_at: datetime | None
    next_attempt_at: datetime
    is_uncertain: bool
    is_configuration: bool
    error: str | None
    channel: str | None
    ts: str | None
    permalink: str | None

    @property
    def lane(self) -> str:
        """What keeps its order: a thread, or the message alone."""
        return self.parent or self.key


class Outbox:
    """The outbox in `database`, made where it does not exist.

    Raises
    ------
    TransientError
        It is locked for long, or cannot be written.
    IntegrityError
        The file is no outbox.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        database.parent.mkdir(parents=True, exist_ok=True)
        with self._connected() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_TABLES)

    def put(self, entries: Iterable[New], now: datetime) -> None:
        """Keep entries, in their order, all or none; one whose key is known already changes nothing."""
        at = to_ms(now)
        rows = [(new.key, new.parent, new.kind, new.body, at, at) for new in entries]
        with self.writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO outbox (key, parent, kind, body, created_at, next_attempt_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )

    def entry(self, key: str) -> Entry | None:
        """Return the entry `key`, None when there is none."""
        found = self._entries("key = ?", key)
        return found[0] if found else None

    def pending(self) -> list[Entry]:
        """Return what waits to be sent, the oldest first."""
        return self._entries("state = ?", State.PENDING)

    def undelivered(self) -> list[Entry]:
        """Return what was not sent, waiting or refused, the oldest first."""
        return self._entries("state <> ?", State.SENT)

    def begin_attempt(self, key: str, now: datetime) -> None:
        """Note, before anything is sent, that the other side may hold the entry from now on."""
        self._update(
            key,
            "attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, ?), is_uncertain = 1",
            to_ms(now),
        )

    def mark_sent(self, key: str, posted: Posted, now: datetime) -> None:
        """Note that the entry arrived, and where it stands."""
        self._update(
            key,
            "state = 'sent', error = NULL, is_uncertain = 0, is_configuration = 0, "
            "channel = ?, ts = ?, permalink = ?, sent_at = ?",
            posted.channel, posted.ts, posted.permalink, to_ms(now),
        )  # fmt: skip

    def postpone(self, key: str, until: datetime, error: str, *, is_uncertain: bool) -> None:
        """Note that the entry has not arrived, or may have, and when it is tried again."""
        self._update(key, "next_attempt_at = ?, error = ?, is_uncertain = ?", to_ms(until), error, int(is_uncertain))

    def refuse(self, key: str, error: str, *, is_configuration: bool, is_uncertain: bool = False) -> None:
        """Note that the entry was refused, for the configuration or for what it says."""
        self._update(
            key,
            "state = 'refused', error = ?, is_configuration = ?, is_uncertain = ?",
            error, int(is_configuration), int(is_uncertain),
        )  # fmt: skip

    def reopen(self, key: str, now: datetime) -> None:
        """Let the entry be tried again if it is refused; somebody else may have sent it meanwhile."""
        self._reopen("state = 'refused' AND key = ?", now, key)

    def send_anew(self, key: str, now: datetime) -> None:
        """Let a refused or sent entry be sent again: it is gone from where it stood."""
        self._reopen("key = ?", now, key)

    def drop(self, key: str) -> bool:
        """Forget an entry that was not sent; return whether there was one."""
        with self.writing() as connection:
            return connection.execute("DELETE FROM outbox WHERE key = ? AND state <> 'sent'", (key,)).rowcount == 1

    def forget_sent(self, before: datetime) -> int:
        """Forget what was sent before `before`, but for first messages of threads that still live; return how many."""
        instant = to_ms(before)
        with self.writing() as connection:
            return connection.execute(
                "DELETE FROM outbox WHERE state = 'sent' AND sent_at < ? AND key NOT IN (SELECT parent FROM outbox "
                "WHERE parent IS NOT NULL AND (state <> 'sent' OR sent_at >= ?))",
                (instant, instant),
            ).rowcount

    def reopen_refused(self, now: datetime) -> None:
        """Let what was refused for the configuration be tried again, in its old place."""
        self._reopen("state = 'refused' AND is_configuration = 1", now)

    def reopen_all(self, now: datetime) -> None:
        """Let everything undelivered be tried now."""
        self._reopen("state <> 'sent'", now)

    def hold(self, until: datetime) -> None:
        """Let nothing be sent before `until`: the other side asked for it."""
        with self.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO hold VALUES (1, ?)", (to_ms(until),))

    def held_until(self) -> datetime | None:
        """Return until when nothing may be sent, None when it never was held."""
        with self._connected() as connection:
            row = connection.execute("SELECT until FROM hold").fetchone()
        return from_ms(row[0]) if row else None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction that no other process can write in between."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _reopen(self, condition: str, now: datetime, *values: str) -> None:
        with self.writing() as connection:
            # `condition` is a constant of this module
            query = f"UPDATE outbox SET state = 'pending', next_attempt_at = ? WHERE {condition}"  # noqa: S608
            connection.execute(query, (to_ms(now), *values))

    def _update(self, key: str, assignments: str, *values: object) -> None:
        with self.writing() as connection:
            # `assignments` are constants of this module, values are bound
            connection.execute(f"UPDATE outbox SET {assignments} WHERE key = ?", (*values, key))  # noqa: S608

    def _entries(self, condition: str, value: str) -> list[Entry]:
        query = f"SELECT {_COLUMNS} FROM outbox WHERE {condition} ORDER BY number"  # noqa: S608 (constants)
        with self._connected() as connection:
            return [_entry(row) for row in connection.execute(query, (value,))]

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        # one connection per operation: nothing is shared between threads or with a forked process
        try:
            with closing(sqlite3.connect(self._database, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
                yield connection
        except sqlite3.OperationalError as error:
            raise TransientError(f"The outbox `{self._database}` cannot be used: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise IntegrityError(
                f"`{self._database}` must be an outbox, was not: {error}. Hint: move it away; a new one is made, "
                "and what was not delivered stays in the file you moved."
            ) from error


def _entry(row: tuple[object, ...]) -> Entry:
    values = dict(zip((name.strip() for name in _COLUMNS.split(",")), row, strict=True))
    for name in ("created_at", "first_attempt_at", "next_attempt_at"):
        at = values[name]
        values[name] = from_ms(at) if isinstance(at, int) else None
    for name in ("is_uncertain", "is_configuration"):
        values[name] = bool(values[name])
    return Entry(**{**values, "state": State(str(values["state"]))})  # type: ignore[arg-type]  # as the table declares
