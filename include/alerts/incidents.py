"""Incidents: alerts that stand, from the check that told them first to the one that finds them gone.

An alert is told in full once. While it stands, each check says in one line since when; once it is gone, one says so.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from include.alerts.outbox import Outbox
from include.core.checks import CheckReport, Severity
from include.core.clock import from_ms, to_ms

_TABLE = """
CREATE TABLE IF NOT EXISTS incidents (
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    severity TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    told INTEGER NOT NULL,
    told_by TEXT NOT NULL,
    is_resolved INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (subject, name)
) WITHOUT ROWID
"""
_COLUMNS = "name, severity, opened_at, told, told_by, is_resolved"
_MILDEST_FIRST = list(Severity)


@dataclass(frozen=True, slots=True)
class Incident:
    """An alert that was told before: since when it stands, and how often people were told."""

    name: str
    opened_at: datetime
    told: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a check finds of earlier ones: `open` by name, still there and no worse; `resolved`, gone now."""

    open: dict[str, Incident]
    resolved: tuple[Incident, ...]


NOTHING_BEFORE = Standing({}, ())


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    severity: str
    opened_at: int
    told: int
    told_by: str
    is_resolved: int

    def incident(self, told: int) -> Incident:
        return Incident(self.name, from_ms(self.opened_at), told)


def observe(outbox: Outbox, report: CheckReport, key: str, now: datetime) -> Standing:
    """Note the alerts of `report`, which the message `key` tells, and return what was told of them before.

    The same key again, as when a task is tried again, finds the same and changes nothing. An alert that became worse is
    told in full again. An alert is resolved by its check passing, not by its check not being made.
    """
    worst: dict[str, Severity] = {}
    for result in report.failures:
        if result.severity is not Severity.INFO:
            worst.setdefault(result.name, result.severity)
    made = {result.name for result in report.results}
    with outbox.writing() as connection:
        book = _Book(connection, report.subject, key, to_ms(now))
        known = book.rows()
        standing = {name: book.tell(name, severity, known.get(name)) for name, severity in worst.items()}
        gone = [book.close(row, is_made=row.name in made) for name, row in known.items() if name not in worst]
    return Standing(
        {name: incident for name, incident in standing.items() if incident is not None},
        tuple(incident for incident in gone if incident is not None),
    )


class _Book:
    """The incidents of one subject, as one message tells them."""

    def __init__(self, connection: sqlite3.Connection, subject: str, key: str, now_ms: int) -> None:
        self._connection, self._subject, self._key, self._now = connection, subject, key, now_ms
        connection.execute(_TABLE)

    def rows(self) -> dict[str, _Row]:
        query = f"SELECT {_COLUMNS} FROM incidents WHERE subject = ? ORDER BY opened_at, name"  # noqa: S608 (a constant)
        return {row[0]: _Row(*row) for row in self._connection.execute(query, (self._subject,))}

    def tell(self, name: str, severity: Severity, row: _Row | None) -> Incident | None:
        """Note that `name` is told; return what was told before, None when it is told in full."""
        if row is not None and row.told_by == self._key and not row.is_resolved:
            return row.incident(row.told - 1) if row.told > 1 else None
        if row is None or row.is_resolved:
            self._write(_Row(name, severity, self._now, 1, self._key, 0))
            return None
        self._write(_Row(name, severity, row.opened_at, row.told + 1, self._key, 0))
        is_worse = _MILDEST_FIRST.index(severity) > _MILDEST_FIRST.index(Severity(row.severity))
        return None if is_worse else row.incident(row.told)

    def close(self, row: _Row, *, is_made: bool) -> Incident | None:
        """Return the incident that is resolved now, None when it is not known to be or was said before."""
        if row.is_resolved and row.told_by != self._key:
            self._connection.execute("DELETE FROM incidents WHERE subject = ? AND name = ?", (self._subject, row.name))
            return None
        if not is_made:
            return None
        if not row.is_resolved:
            self._write(_Row(row.name, row.severity, row.opened_at, row.told, self._key, 1))
        return row.incident(row.told)

    def _write(self, row: _Row) -> None:
        self._connection.execute(
            f"INSERT OR REPLACE INTO incidents (subject, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (self._subject, row.name, str(row.severity), row.opened_at, row.told, row.told_by, row.is_resolved),
        )
