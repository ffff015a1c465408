"""What was done to which request."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

from include.core.clock import wall_now
from include.sandbox.faults.draw import Asked

KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One fault: number from 1, wall clock, kind, rule (None: a ban that goes on), request, what exactly was done."""

    number: int
    at: str
    fault: str
    rule: int | None
    path: str
    params: dict[str, str]
    detail: dict[str, Any]


@dataclass
class FaultLog:
    """The newest `KEPT` faults, and how many there were of each kind."""

    counts: Counter[str] = field(default_factory=Counter)
    _entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add(self, fault: str, rule: int | None, asked: Asked, detail: dict[str, Any]) -> None:
        """Note one fault."""
        self.counts[fault] += 1
        at = wall_now().isoformat(timespec="milliseconds")
        number = self.counts.total()
        self._entries.append(Entry(number, at, fault, rule, asked.path, dict(asked.params), detail))

    def entries(self) -> list[dict[str, Any]]:
        """Return the faults as JSON objects, oldest first."""
        return [asdict(entry) for entry in self._entries]
