"""The request budgets of the venues, shared by every process of a machine through one SQLite database.

A row per venue and family says from when on the next request is free, until when the venue is held (a ban, a
Retry-After), and what was used lately. No process reserves the future: it asks, is granted or told how long to wait,
and asks again. So a hold binds every process at its next request, and one that dies takes nothing with it.

Two rules hold together. Spacing (a generic cell rate, ITU-T I.371): requests go evenly, but for a burst. A cap: within
any window no more goes than the family's usable share, which spacing after a burst would exceed.
"""

import asyncio
import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from include.config.venues import Family, VenueFacts
from include.core.errors import IntegrityError, InvalidInputError, RateLimitedError, TransientError

# what was used is remembered in so many parts of a window; the cap counts a part until all of it is past
_PARTS = 30
_BUSY_SECONDS = 30.0
# floats of this size do not tell less apart than a tenth of it
_INSTANT_SECONDS = 1e-5
_SCHEMA = """
CREATE TABLE IF NOT EXISTS budget (
    venue TEXT NOT NULL, family TEXT NOT NULL,
    free_at REAL NOT NULL DEFAULT 0, held_until REAL NOT NULL DEFAULT 0, used TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (venue, family)
) WITHOUT ROWID
"""


class RequestBudget:
    """The budgets of one venue.

    Parameters
    ----------
    database : Path
        SQLite file, made where it does not exist.
    venue : str
        Its ccxt id.
    families : dict of str to Family
        Its budgets.
    wall : callable
        Seconds since the epoch: all processes of a machine share this clock.
    """

    def __init__(
        self, database: Path, venue: str, families: dict[str, Family], wall: Callable[[], float] = time.time
    ) -> None:
        self._database, self._venue, self._families, self._wall = database, venue, families, wall
        database.parent.mkdir(parents=True, exist_ok=True)
        with self._translated():
            self._connection = sqlite3.connect(database, timeout=_BUSY_SECONDS, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(_SCHEMA)
            rows = [(venue, family) for family in families]
            self._connection.executemany("INSERT OR IGNORE INTO budget (venue, family) VALUES (?, ?)", rows)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def take(self, family: str, weight: int) -> float:
        """Take `weight` of a family and return 0, or take nothing and return the seconds to wait.

        Raises
        ------
        InvalidInputError
            The venue has no such family, or the weight is more than a window holds.
        """
        facts = self._family(family, weight)
        with self._transaction() as connection:
            free_at, held_until, text = connection.execute(
                "SELECT free_at, held_until, used FROM budget WHERE venue = ? AND family = ?", (self._venue, family)
            ).fetchone()
            now = self._wall()
            # a clock that was set back must not stop everything for as long
            free_at = min(free_at, now + facts.window_seconds)
            used = _recent(json.loads(text), now, facts)
            wait = max(
                held_until - now, free_at - facts.burst_seconds - now, _seconds_until_room(used, weight, now, facts)
            )
            if wait <= _INSTANT_SECONDS:
                used = _with(used, weight, now, facts)
                free_at = max(free_at, now) + weight * facts.seconds_per_weight
                connection.execute(
                    "UPDATE budget SET free_at = ?, used = ? WHERE venue = ? AND family = ?",
                    (free_at, json.dumps(used), self._venue, family),
                )
        return float(wait) if wait > _INSTANT_SECONDS else 0.0

    def hold(self, seconds: float) -> None:
        """Let nothing of the venue go for `seconds`, in any family and any process; afterwards it starts evenly."""
        until = self._wall() + seconds
        with self._transaction() as connection:
            for family, facts in self._families.items():
                connection.execute(
                    "UPDATE budget SET held_until = max(held_until, ?), free_at = max(free_at, ?) "
                    "WHERE venue = ? AND family = ?",
                    (until, until + facts.burst_seconds, self._venue, family),
                )

    def held_seconds(self) -> float:
        """Return how long the venue is still held, 0 when it is not."""
        with self._translated():
            (until,) = self._connection.execute(
                "SELECT max(held_until) FROM budget WHERE venue = ?", (self._venue,)
            ).fetchone()
        return max(float(until) - self._wall(), 0.0)

    def _family(self, family: str, weight: int) -> Family:
        if family not in self._families:
            raise InvalidInputError(
                f"`family` must be one of {', '.join(self._families)} at {self._venue}, was {family!r}."
            )
        facts = self._families[family]
        if not 0 < weight <= facts.usable:
            raise InvalidInputError(f"`weight` must be above 0 and at most {facts.usable:g}, was {weight}.")
        return facts

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise TransientError(f"The request budget `{self._database}` cannot be used: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise IntegrityError(
                f"`{self._database}` must be a request budget, was not: {error}. Hint: it holds nothing but the "
                "last minutes' requests; remove it."
            ) from error


class Pace:
    """Lets requests of one process go when the budget has room.

    Parameters
    ----------
    budget : RequestBudget or None
        The shared budget; None: everything goes at once.
    facts : VenueFacts
        What the venue grants.
    patience_seconds : float
        A hold longer than this is not sat out.
    """

    def __init__(self, budget: RequestBudget | None, facts: VenueFacts, patience_seconds: float) -> None:
        self._budget, self._facts, self._patience = budget, facts, patience_seconds
        # one request of a family asks at a time, the others queue here instead of in the database
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def turn(self, family: str, weight: int) -> None:
        """Return when a request of this weight may go.

        Raises
        ------
        RateLimitedError
            The venue is held for longer than the patience; it carries the wait.
        """
        if self._budget is None:
            return
        async with self._turns[family]:
            while (wait := self._budget.take(family, weight)) > 0:
                held = self._budget.held_seconds()
                if held > self._patience:
                    raise RateLimitedError(
                        f"The venue asked all requests of this machine to wait for another {held:.0f} s.", held
                    )
                await asyncio.sleep(wait)

    def hold(self, seconds: float | None) -> None:
        """Let nothing go for as long as the venue asked; as long as is usual there when it named no wait."""
        if self._budget is not None:
            self._budget.hold(self._facts.unnamed_wait_seconds if seconds is None else seconds)

    def close(self) -> None:
        """Close the budget."""
        if self._budget is not None:
            self._budget.close()


Used = list[tuple[int, int]]


def _recent(used: list[list[int]], now: float, facts: Family) -> Used:
    """Parts of a window, by number, that are not past for a whole window, and the weight that each used."""
    length = facts.window_seconds / _PARTS
    # parts of the future are those of a clock that was set back
    return [
        (part, weight) for part, weight in used if (part + 1) * length + facts.window_seconds > now >= part * length
    ]


def _with(used: Used, weight: int, now: float, facts: Family) -> Used:
    part = int(now // (facts.window_seconds / _PARTS))
    if used and used[-1][0] == part:
        return [*used[:-1], (part, used[-1][1] + weight)]
    return [*used, (part, weight)]


def _seconds_until_room(used: Used, weight: int, now: float, facts: Family) -> float:
    length = facts.window_seconds / _PARTS
    excess = sum(spent for _, spent in used) + weight - facts.usable
    wait = 0.0
    for part, spent in used:
        if excess <= 0:
            break
        excess -= spent
        wait = (part + 1) * length + facts.window_seconds - now
    return wait
