"""The trial ledger: everything that was ever scored on a window of time, append-only, in one SQLite file.

The best of many tries looks good by luck alone, so a verdict needs to know how many there were. What is made of the
number (deflated Sharpe ratio, probability of overfitting) does not belong here.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.core.clock import to_ms
from include.core.errors import IntegrityError, TransientError
from include.evaluation.trials import Opening, Purpose, Scored, ScoredWindow, Trial

_WAIT_SECONDS = 30.0
_FIRST = "0" * 64
_TABLES = """
CREATE TABLE IF NOT EXISTS trials (
    number INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,
    system TEXT NOT NULL,
    timeframe TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    document TEXT NOT NULL,
    returns BLOB NOT NULL,
    sha256 TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS trials_window ON trials (system, timeframe, start_ms, end_ms);
CREATE TABLE IF NOT EXISTS openings (
    number INTEGER PRIMARY KEY,
    system TEXT NOT NULL,
    timeframe TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    candidate TEXT NOT NULL,
    request TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    UNIQUE (system, timeframe, start_ms, end_ms, candidate, request)
);
"""
_SEALS = "".join(
    f"CREATE TRIGGER IF NOT EXISTS {table}_{verb} BEFORE {verb} ON {table} "
    f"BEGIN SELECT RAISE(ABORT, 'the trial ledger is append-only'); END;\n"
    for table in ("trials", "openings")
    for verb in ("UPDATE", "DELETE")
)
_SCORED = """
SELECT number, document, returns FROM trials
WHERE system = ? AND timeframe = ? AND start_ms < ? AND end_ms > ? ORDER BY number
"""
_OPENED = """
SELECT number, candidate, request, opened_at FROM openings
WHERE system = ? AND timeframe = ? AND start_ms < ? AND end_ms > ? ORDER BY number
"""
_HEAD_OF_TRIALS = "SELECT sha256 FROM trials ORDER BY number DESC LIMIT 1"
_HEAD_OF_OPENINGS = "SELECT sha256 FROM openings ORDER BY number DESC LIMIT 1"


class TrialLedger:
    """The ledger in one SQLite file, shared by every process of a home.

    Rows are chained by SHA-256 and protected by triggers: the database refuses to change or delete one, and
    `verify` finds a row that was changed past the database.

    Parameters
    ----------
    file : Path
        Made with its folder by the first writer.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def record(self, trial: Trial, returns: NDArray[np.float64]) -> int:
        """Write down a trial and return its number; the same trial again keeps its first number.

        Parameters
        ----------
        trial : Trial
            What was scored, on what, with what result.
        returns : float64 (T − 1,)
            Simple returns of the portfolio per candle.

        Raises
        ------
        TransientError
            Other writers held the ledger for too long.
        """
        blob = np.ascontiguousarray(returns, dtype=np.float64).tobytes()
        window, document = trial.window, trial.model_dump_json()
        with self._writing() as connection:
            known = connection.execute("SELECT number FROM trials WHERE identity = ?", (trial.identity,)).fetchone()
            if known is not None:
                return int(known[0])
            sha256 = _chained(_head(connection, _HEAD_OF_TRIALS), document.encode(), blob)
            cursor = connection.execute(
                "INSERT INTO trials (identity, system, timeframe, start_ms, end_ms, document, returns, sha256)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (trial.identity, *_span(window), document, blob, sha256),
            )
            return int(cursor.lastrowid or 0)

    def scored_on(self, window: ScoredWindow, purpose: Purpose | None = None) -> tuple[Scored, ...]:
        """Return the trials whose window shares a candle with `window`, in order; None takes every purpose."""
        scored = (
            Scored(number, Trial.model_validate_json(document), np.frombuffer(blob, np.float64))
            for number, document, blob in self._read(_SCORED, _overlap(window))
        )
        return tuple(one for one in scored if purpose is None or one.trial.purpose == purpose)

    def open_window(self, window: ScoredWindow, candidate: str, request: str, opened_at: datetime) -> Opening:
        """Write down that `candidate` is about to see a sealed window, before it does.

        The same request again (same model, data, costs and gates) repeats what was seen and is no second use.

        Parameters
        ----------
        window : ScoredWindow
            The sealed window.
        candidate : str
            SHA-256 of the model's parameters.
        request : str
            Identity of the whole evaluation.
        opened_at : datetime
            Wall clock, UTC.
        """
        with self._writing() as connection:
            before = connection.execute(_OPENED, _overlap(window)).fetchall()
            own = [row for row in before if row[1] == candidate]
            number = next((row[0] for row in own if row[2] == request), None)
            if number is None:
                number = _insert_opening(connection, window, candidate, request, opened_at)
        earlier = [row for row in before if row[0] < number]
        seen = [row for row in earlier if row[1] == candidate]
        return Opening(
            number=number,
            candidates_before=len({row[1] for row in earlier} - {candidate}),
            is_contaminated=bool(seen),
            reason=f"this model saw the window before, on {seen[0][3]} for {seen[0][2]}" if seen else "",
        )

    def head(self) -> str:
        """Return the SHA-256 at the end of the chain of trials: the position that a verdict was made at."""
        found = self._read(_HEAD_OF_TRIALS, ())
        return str(found[0][0]) if found else _FIRST

    def verify(self) -> int:
        """Return the number of trials after checking the chain of every row.

        Raises
        ------
        IntegrityError
            A row was changed, or one is missing.
        """
        trials = self._read("SELECT number, document, returns, sha256 FROM trials ORDER BY number", ())
        openings = self._read(
            "SELECT number, system, timeframe, start_ms, end_ms, candidate, request, opened_at, sha256"
            " FROM openings ORDER BY number",
            (),
        )
        opened = [(number, json.dumps(values).encode(), sha256) for number, *values, sha256 in openings]
        written = [(number, document.encode(), blob, sha256) for number, document, blob, sha256 in trials]
        _verified(opened, self._file, "openings")
        return _verified(written, self._file, "trials")

    def _read(self, query: str, parameters: tuple[Any, ...]) -> list[Any]:
        if not self._file.is_file():
            return []
        with _connected(self._file) as connection:
            return connection.execute(query, parameters).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _connected(self._file) as connection:
                connection.executescript(_TABLES + _SEALS)
                # from the first read on: two writers must not chain to one head
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise TransientError(f"The trial ledger {self._file} cannot be written now: {error}.") from error


@contextmanager
def _connected(file: Path) -> Iterator[sqlite3.Connection]:
    # no implicit transactions; what is not committed is rolled back by closing
    connection = sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)
    try:
        yield connection
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise IntegrityError(f"The trial ledger {file} cannot be read: {error}.") from error
    finally:
        connection.close()


def _insert_opening(
    connection: sqlite3.Connection, window: ScoredWindow, candidate: str, request: str, opened_at: datetime
) -> int:
    values = (*_span(window), candidate, request, opened_at.isoformat())
    sha256 = _chained(_head(connection, _HEAD_OF_OPENINGS), json.dumps(values).encode())
    cursor = connection.execute(
        "INSERT INTO openings (system, timeframe, start_ms, end_ms, candidate, request, opened_at, sha256)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*values, sha256),
    )
    return int(cursor.lastrowid or 0)


def _verified(rows: list[Any], file: Path, table: str) -> int:
    previous = _FIRST
    for place, (number, *content, sha256) in enumerate(rows, start=1):
        if number != place or _chained(previous, *content) != sha256:
            raise IntegrityError(
                f"The trial ledger {file} was changed at or before row {place} of {table}. "
                "Hint: restore it from a backup; a verdict names the position it was made at."
            )
        previous = sha256
    return len(rows)


def _head(connection: sqlite3.Connection, query: str) -> str:
    row = connection.execute(query).fetchone()
    return _FIRST if row is None else str(row[0])


def _chained(previous: str, *parts: bytes) -> str:
    digest = hashlib.sha256(previous.encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _span(window: ScoredWindow) -> tuple[str, str, int, int]:
    return window.system, window.timeframe, to_ms(window.start), to_ms(window.end)


def _overlap(window: ScoredWindow) -> tuple[str, str, int, int]:
    system, timeframe, start_ms, end_ms = _span(window)
    return system, timeframe, end_ms, start_ms
