"""Progress of long stages: into the task's log at intervals, and into a small file that a terminal can follow."""

import json
import logging
import time
from pathlib import Path
from typing import Any

from include.core.files import write_json
from include.core.progress import Progress

log = logging.getLogger(__name__)

LOG_EVERY_SECONDS = 5.0
FILE_EVERY_SECONDS = 0.5


def progress_file(processes: Path) -> Path:
    """Return the file that holds the newest progress."""
    return processes / "progress.json"


def file_progress(target: Path) -> Progress:
    """Return a progress function that logs every five seconds and keeps `target` up to date."""
    started = time.monotonic()
    last_label, logged_at, written_at = "", started, started

    def report(label: str, done: int, total: int) -> None:
        nonlocal last_label, logged_at, written_at
        now = time.monotonic()
        is_news = label != last_label or done >= total
        if is_news or now - logged_at >= LOG_EVERY_SECONDS:
            log.info("%s: %s of %s (%.0f s)", label, f"{done:,}", f"{total:,}", now - started)
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
