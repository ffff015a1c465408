"""The list of runs on the desk: filtered, newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

from include.core.paths import Home
from include.reporting.run_state import INTERRUPTED, status_word
from include.training.ownership import is_locked
from include.training.runs import RunInfo, every_run

PER_PAGE = 25
STATUSES = ("running", "finished", "stopped", "failed", INTERRUPTED)


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in a line; `status` is `interrupted` where it never ended and nobody trains it."""

    info: RunInfo
    status: str

    @property
    def began_at(self) -> datetime:
        """When it was started first."""
        return self.info.started_at


@dataclass(frozen=True)
class RunPage:
    """One page of the list.

    Attributes
    ----------
    lines : tuple of RunLine
        Newest first.
    page, pages : int
        Which of how many, from 1.
    matching, total : int
        Runs that the filter admits, and all.
    systems : tuple of str
        Of all runs.
    damaged : tuple of str
        Folders whose record cannot be read.
    """

    lines: tuple[RunLine, ...]
    page: int
    pages: int
    matching: int
    total: int
    systems: tuple[str, ...]
    damaged: tuple[str, ...]


def run_lines(home: Home) -> tuple[list[RunLine], list[str]]:
    """Return every run, newest first, and the folders whose record cannot be read."""
    known, damaged = every_run(home)
    lines = [RunLine(info, status_word(info, _is_alive(home, info))) for info in reversed(known)]
    return lines, damaged


def page_of(
    lines: list[RunLine], damaged: list[str], system: str | None = None, status: str | None = None, page: int = 1
) -> RunPage:
    """Return page `page` of the runs of `system` in `status`; a page beyond the last is the last."""
    admitted = [line for line in lines if system in (None, line.info.system) and status in (None, line.status)]
    pages = max(1, -(-len(admitted) // PER_PAGE))
    page = min(max(1, page), pages)
    return RunPage(
        lines=tuple(admitted[(page - 1) * PER_PAGE : page * PER_PAGE]),
        page=page,
        pages=pages,
        matching=len(admitted),
        total=len(lines),
        systems=tuple(sorted({line.info.system for line in lines})),
        damaged=tuple(damaged),
    )


def _is_alive(home: Home, info: RunInfo) -> bool:
    # an ended run's lock tells nothing
    return info.status == "running" and is_locked(home.run(info.run_id))
