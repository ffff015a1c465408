"""The sandbox's virtual clock: what the exchange believes the time is.

It runs at wall speed while the sandbox runs, stands still while it does not, and never goes back:
not on a restart, not after a crash, not when the wall clock is set. Reading the wall clock for
schedules does not belong here (`core.clock`).
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from include.core.errors import InvalidInputError
from include.core.files import read_json, write_json
from include.core.timeframes import MINUTE_MS

# After a crash the clock continues at most this much later than it stopped.
LEASE_MS = MINUTE_MS
MAX_ADVANCE = timedelta(days=3650)


class VirtualClock:
    """A clock of one market, kept in a file that other markets' clocks share.

    Every instant that was ever answered is covered by a reservation in the file, written ahead of
    time, so that a restart continues after it. The clock is safe to use from several threads;
    several processes on one file agree on the latest reservation only when they start.

    Parameters
    ----------
    file : Path
        State file; created with its folder.
    market : str
        Name of the market whose time this is; each market has a time of its own.
    start_ms : int
        First instant of a market that the file does not know, UTC epoch milliseconds.
    elapsed_ms : callable
        Milliseconds since any fixed instant, never decreasing.
    """

    def __init__(
        self,
        file: Path,
        market: str,
        start_ms: int,
        elapsed_ms: Callable[[], int] = lambda: time.monotonic_ns() // 10**6,
    ) -> None:
        self._file = file
        self._market = market
        self._elapsed_ms = elapsed_ms
        self._lock = threading.Lock()
        self._reserved_ms = max(start_ms, self._stored_ms())
        self._offset_ms = self._reserved_ms - elapsed_ms()

    def now_ms(self) -> int:
        """Return the virtual now, UTC epoch milliseconds."""
        with self._lock:
            now = self._now()
            if now >= self._reserved_ms:
                self._reserve(now + LEASE_MS)
            return now

    def advance(self, by: timedelta) -> int:
        """Move the clock forward by `by` and return the virtual now, UTC epoch milliseconds.

        The clock may pass the end of the data: the exchange then has no newer candles, as a real
        exchange with a stale feed has none.

        Raises
        ------
        InvalidInputError
            `by` is not positive, or longer than ten years.
        """
        if not timedelta(0) < by <= MAX_ADVANCE:
            raise InvalidInputError(
                f"`by` must be longer than zero and at most {MAX_ADVANCE.days} days, was {by}. "
                "Hint: the clock never goes back."
            )
        with self._lock:
            self._offset_ms += round(by / timedelta(milliseconds=1))
            now = self._now()
            self._reserve(now + LEASE_MS)
            return now

    def close(self) -> None:
        """Give back the unused part of the reservation, so that a restart continues exactly here."""
        with self._lock:
            self._reserve(self._now() + 1)

    def _now(self) -> int:
        return self._elapsed_ms() + self._offset_ms

    def _reserve(self, until_ms: int) -> None:
        with _exclusive(self._file):
            write_json(self._file, {**self._stored(), self._market: until_ms})
        self._reserved_ms = until_ms

    def _stored_ms(self) -> int:
        return int(self._stored().get(self._market, 0))

    def _stored(self) -> dict[str, Any]:
        return dict(read_json(self._file)) if self._file.exists() else {}


@contextmanager
def _exclusive(file: Path) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
