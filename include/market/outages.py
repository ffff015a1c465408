"""Times at which an outside source did not answer as it should, gathered while it is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from include.core.clock import wall_now
from include.core.errors import RateLimitedError, TransientError
from include.market.errors import MaintenanceError, PageError

# failures this close to each other are one outage, although other requests were answered in between
_ONE_OUTAGE = timedelta(seconds=60)
_DETAIL_LIMIT = 500


class Outage(BaseModel):
    """One outage, as a row of the table `outages`; `ended_at` is None while it lasts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    kind: str
    began_at: datetime
    ended_at: datetime | None
    failures_count: int
    detail: str


@dataclass
class _Noted:
    began_at: datetime
    failed_at: datetime
    ended_at: datetime | None
    failures: int
    detail: str


class OutageLog:
    """What failed, and when it was answered again.

    Parameters
    ----------
    now : callable
        The wall clock.
    """

    def __init__(self, now: Callable[[], datetime] = wall_now) -> None:
        self._now = now
        self._noted: dict[tuple[str, str], list[_Noted]] = {}
        self._open: set[tuple[str, str]] = set()

    def failed(self, source: str, error: TransientError) -> None:
        """Note a request to `source` that failed."""
        now, key, detail = self._now(), (source, kind_of(error)), str(error)[:_DETAIL_LIMIT]
        noted = self._noted.setdefault(key, [])
        if noted and (noted[-1].ended_at is None or now - noted[-1].failed_at <= _ONE_OUTAGE):
            last = noted[-1]
            last.failed_at, last.ended_at, last.detail = now, None, detail
            last.failures += 1
        else:
            noted.append(_Noted(now, now, None, 1, detail))
        self._open.add(key)

    def answered(self, source: str) -> None:
        """Note a good answer of `source`."""
        if not self._open:
            return
        for key in [key for key in self._open if key[0] == source]:
            self._noted[key][-1].ended_at = self._now()
            self._open.discard(key)

    def outages(self) -> tuple[Outage, ...]:
        """Return all outages, the earliest first."""
        found = [
            Outage(
                source=source,
                kind=kind,
                began_at=noted.began_at,
                ended_at=noted.ended_at,
                failures_count=noted.failures,
                detail=noted.detail,
            )
            for (source, kind), every in self._noted.items()
            for noted in every
        ]
        return tuple(sorted(found, key=lambda outage: (outage.began_at, outage.source, outage.kind)))


def kind_of(error: TransientError) -> str:
    """Return the kind of outage that `error` is a sign of: one of those of the table `outages`."""
    if isinstance(error, RateLimitedError):
        return "rate_limited"
    if isinstance(error, MaintenanceError):
        return "maintenance"
    return "bad_answer" if isinstance(error, PageError) else "unreachable"
