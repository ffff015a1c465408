"""The faults of a running sandbox: the plan in force, what was drawn, who is banned, what was done."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from include.sandbox.faults.draw import Draw
from include.sandbox.faults.log import FaultLog
from include.sandbox.faults.plan import FaultPlan
from include.sandbox.request_budget import BINANCE_PATHS, BYBIT_PATHS


@dataclass
class Faults:
    """What the control API sets and the injector follows.

    Parameters
    ----------
    now_ms : callable
        The virtual now.
    wall : callable
        Seconds since the epoch: bans last by the wall clock, as a client's waiting does.
    """

    now_ms: Callable[[], int]
    wall: Callable[[], float] = time.time
    draw: Draw = field(default_factory=lambda: Draw(FaultPlan()))
    log: FaultLog = field(default_factory=FaultLog)
    set_at_ms: int = 0
    _banned_until: dict[tuple[str, ...], float] = field(default_factory=dict)

    def set(self, plan: FaultPlan) -> None:
        """Put a plan in force: everything is drawn, counted and logged anew, and nobody is banned any more."""
        self.draw, self.log = Draw(plan), FaultLog()
        self.set_at_ms = self.now_ms()
        self._banned_until = {}

    def stop(self) -> None:
        """End all faults; what was logged stays to be read."""
        self.draw, self._banned_until = Draw(FaultPlan()), {}

    def ban(self, path: str, seconds: float) -> None:
        """Ban who asks the venue of `path`."""
        self._banned_until[_venue(path)] = self.wall() + seconds

    def seconds_banned(self, path: str) -> float:
        """Return for how long the venue of `path` bans whoever asks, 0 when it does not."""
        return max(self._banned_until.get(_venue(path), 0.0) - self.wall(), 0.0)


def _venue(path: str) -> tuple[str, ...]:
    found = next((paths for paths in (BINANCE_PATHS, (BYBIT_PATHS,)) if path.startswith(paths)), None)
    return found or (path,)
