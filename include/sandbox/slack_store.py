"""What the sandbox's Slack remembers: channels, messages and files, in SQLite and plain files.

Rules of the Web API do not belong here (`slack_api.py`), nor how it looks (`slack_page.py`).
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.core.clock import to_ms, wall_now
from include.core.files import atomic_path

JsonObject = dict[str, Any]

_TABLES = """
CREATE TABLE IF NOT EXISTS channels (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS messages (
    channel TEXT NOT NULL, ts TEXT NOT NULL, thread_ts TEXT, body TEXT NOT NULL, PRIMARY KEY (channel, ts));
CREATE TABLE IF NOT EXISTS files (
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, length INTEGER NOT NULL, alt_text TEXT NOT NULL,
    title TEXT, channel TEXT);
"""
# the subtype of a reply that the channel shows as well
BROADCAST = "thread_broadcast"
_FIRST_FILE = 0x0A000000


@dataclass(frozen=True, slots=True)
class Channel:
    """A public channel; `name` is without the leading #."""

    id: str
    name: str
    created: int


@dataclass(frozen=True, slots=True)
class File:
    """An upload: announced, then filled (`content` exists), then shared (`channel` is set)."""

    id: str
    name: str
    length: int
    alt_text: str
    title: str
    channel: str | None
    content: Path


class SlackStore:
    """Channels, messages and files under one folder; a restart finds them again.

    Parameters
    ----------
    folder : Path
        Created when absent; holds `slack.sqlite` and `files/`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "files").mkdir(parents=True, exist_ok=True)
        with self._connected() as database:
            database.executescript(_TABLES)

    def ensure_channel(self, name: str) -> Channel:
        """Return the channel `name`, created when absent; a leading # is ignored."""
        name = name.removeprefix("#")
        identity = "C" + hashlib.sha256(name.encode()).hexdigest()[:10].upper()
        with self._connected() as database:
            database.execute(
                "INSERT OR IGNORE INTO channels VALUES (?, ?, ?)", (identity, name, to_ms(wall_now()) // 1000)
            )
            row = database.execute("SELECT id, name, created FROM channels WHERE name = ?", (name,)).fetchone()
        return Channel(*row)

    def channel(self, name_or_id: str) -> Channel | None:
        """Return the channel with that name (with or without #) or id, None when there is none."""
        with self._connected() as database:
            row = database.execute(
                "SELECT id, name, created FROM channels WHERE id = ? OR name = ?",
                (name_or_id, name_or_id.removeprefix("#")),
            ).fetchone()
        return Channel(*row) if row else None

    def channels(self) -> list[Channel]:
        """Return all channels by name."""
        with self._connected() as database:
            return [Channel(*row) for row in database.execute("SELECT id, name, created FROM channels ORDER BY name")]

    def add_message(self, channel: Channel, body: JsonObject, thread_ts: str | None = None) -> JsonObject:
        """Store `body` under a new `ts`, later than every other of the channel, and return it with that `ts`."""
        with self._connected() as database:
            database.execute("BEGIN IMMEDIATE")
            newest = database.execute("SELECT max(ts) FROM messages WHERE channel = ?", (channel.id,)).fetchone()[0]
            message = {**body, "ts": _next_ts(newest)}
            if thread_ts is not None:
                message["thread_ts"] = thread_ts
            database.execute(
                "INSERT INTO messages VALUES (?, ?, ?, ?)", (channel.id, message["ts"], thread_ts, json.dumps(message))
            )
        return message

    def replace_message(self, channel: Channel, message: JsonObject) -> None:
        """Store `message` in place of the one with its `ts`."""
        with self._connected() as database:
            database.execute(
                "UPDATE messages SET body = ? WHERE channel = ? AND ts = ?",
                (json.dumps(message), channel.id, message["ts"]),
            )

    def message(self, channel: Channel, ts: str) -> JsonObject | None:
        """Return one message, None when there is none."""
        with self._connected() as database:
            row = database.execute(
                "SELECT body FROM messages WHERE channel = ? AND ts = ?", (channel.id, ts)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def history(self, channel: Channel) -> list[JsonObject]:
        """Return what the channel shows, newest first: no replies but broadcast ones; parents carry reply counts."""
        with self._connected() as database:
            parents = _bodies(database, "thread_ts IS NULL", (channel.id,))
            replies = _bodies(database, "thread_ts IS NOT NULL", (channel.id,))
        shown = [_with_counts(parent, [r for r in replies if r["thread_ts"] == parent["ts"]]) for parent in parents]
        shown += [reply for reply in replies if reply.get("subtype") == BROADCAST]
        return sorted(shown, key=lambda message: str(message["ts"]), reverse=True)

    def thread(self, channel: Channel, ts: str) -> list[JsonObject]:
        """Return a parent and its replies in order, an empty list when the parent does not exist."""
        parent = self.message(channel, ts)
        if parent is None:
            return []
        with self._connected() as database:
            replies = _bodies(database, "thread_ts = ?", (channel.id, ts))
        return [_with_counts(parent, replies), *replies]

    def announce_file(self, name: str, length: int, alt_text: str) -> str:
        """Return the id of a new upload of `length` bytes."""
        with self._connected() as database:
            number = database.execute(
                "INSERT INTO files (name, length, alt_text) VALUES (?, ?, ?)", (name, length, alt_text)
            ).lastrowid
        return _file_id(int(number or 0))

    def fill_file(self, file: File, content: bytes) -> None:
        """Store the bytes of an announced upload."""
        with atomic_path(file.content) as temporary:
            temporary.write_bytes(content)

    def share_file(self, file: File, title: str, channel: Channel | None) -> None:
        """Record where an upload is shown and under which title."""
        with self._connected() as database:
            database.execute(
                "UPDATE files SET title = ?, channel = ? WHERE number = ?",
                (title, channel.id if channel else None, _file_number(file.id)),
            )

    def file(self, file_id: str) -> File | None:
        """Return an upload, None when it was never announced."""
        number = _file_number(file_id)
        with self._connected() as database:
            row = database.execute(
                "SELECT name, length, alt_text, coalesce(title, name), channel FROM files WHERE number = ?", (number,)
            ).fetchone()
        if row is None:
            return None
        name, length, alt_text, title, channel = row
        return File(_file_id(number), name, length, alt_text, title, channel, self._folder / "files" / _file_id(number))

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        # one connection per operation: requests run in a thread pool, and SQLite connections do not cross threads
        with closing(sqlite3.connect(self._folder / "slack.sqlite", timeout=10)) as database, database:
            yield database


def _next_ts(newest: str | None) -> str:
    now = to_ms(wall_now()) * 1000
    after = int(newest.replace(".", "")) + 100 if newest else 0
    seconds, microseconds = divmod(max(now, after), 1_000_000)
    return f"{seconds}.{microseconds:06d}"


def _bodies(database: sqlite3.Connection, condition: str, values: tuple[str, ...]) -> list[JsonObject]:
    # `condition` is a constant of this module, values are bound
    query = f"SELECT body FROM messages WHERE channel = ? AND {condition} ORDER BY ts"  # noqa: S608
    return [json.loads(row[0]) for row in database.execute(query, values)]


def _with_counts(parent: JsonObject, replies: list[JsonObject]) -> JsonObject:
    if not replies:
        return parent
    users = sorted({reply["user"] for reply in replies})
    return {
        **parent,
        "thread_ts": parent["ts"],
        "reply_count": len(replies),
        "reply_users": users,
        "reply_users_count": len(users),
        "latest_reply": replies[-1]["ts"],
    }


def _file_id(number: int) -> str:
    return f"F{_FIRST_FILE + number:010X}"


def _file_number(file_id: str) -> int:
    try:
        return int(file_id.removeprefix("F"), 16) - _FIRST_FILE
    except ValueError:
        return 0
