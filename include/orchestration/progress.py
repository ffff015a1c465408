"""Progress of long stages: into the task's log at intervals, and into a small file that a terminal can follow."""

import json
import logging
import time
from pathlib import Path
from typing import Any, NamedTuple

from include.core.files import write_json
from include.core.progress import Progress

log = logging.getLogger(__name__)

LOG_EVERY_SECONDS = 5.0
FILE_EVERY_SECONDS = 0.5


class Pace(NamedTuple):
    """Where and when a piece of work was first seen: a resumed training does not begin at 0."""

    done: int
    at: float

    def seconds_left(self, done: int, total: int, now: float) -> float | None:
        """Return how long the rest takes at the pace so far, None while there is none or nothing is left."""
        if done <= self.done or done >= total:
            return None
        return (total - done) * (now - self.at) / (done - self.done)


def progress_file(processes: Path) -> Path:
    """Return the file that holds the newest progress."""
    return processes / "progress.json"


def file_progress(target: Path) -> Progress:
    """Return a progress function that logs every five seconds and keeps `target` up to date."""
    from include.reporting.words import duration  # its tables are of no use to whoever parses DAGs

    started = time.monotonic()
    last_label, logged_at, written_at = "", started, started
    pace = Pace(0, started)

    def report(label: str, done: int, total: int) -> None:
        nonlocal last_label, logged_at, written_at, pace
        now = time.monotonic()
        if label != last_label:
            pace = Pace(done, now)
        is_news = label != last_label or done >= total
        if is_news or now - logged_at >= LOG_EVERY_SECONDS:
            left = pace.seconds_left(done, total, now)
            rest = "" if left is None else f", {duration(left)} left"
            log.info("%s: %s of %s (%.0f s%s)", label, f"{done:,}", f"{total:,}", now - started, rest)
            logged_at = now
        if is_news or now - written_at >= FILE_EVERY_SECONDS:
            write_json(target, {"label": label, "done": done, "total": total})
            written_at = now
        last_label = label

    return report


def read_progress(source: Path) -> dict[str, Any] | None:
    """Return the newest `label`, `done`, `total`, or None when nothing was reported yet."""
    try:
        document: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return document
