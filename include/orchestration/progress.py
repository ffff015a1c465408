"""Progress of long stages: into the task's log at intervals, and into a small file that a terminal can follow."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from include.core.files import write_json

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
LOG_EVERY_SECONDS = 5.0
FILE_EVERY_SECONDS = 0.5


def progress_file(processes: Path) -> Path:
    """Return the file that holds the newest progress."""
    return processes / "progress.json"


def file_progress(target: Path) -> Progress:
    """Return a progress function that logs every five seconds and keeps `target` up to date."""
    started = time.monotonic()
    last = {"label": "", "logged": 0.0, "written": 0.0}

    def report(label: str, done: int, total: int) -> None:
        now = time.monotonic()
        is_news = label != last["label"] or done >= total
        if is_news or now - float(last["logged"]) >= LOG_EVERY_SECONDS:
            log.info("%s: %s of %s (%s s)", label, f"{done:,}", f"{total:,}", round(now - started))
            last["logged"] = now
        if is_news or now - float(last["written"]) >= FILE_EVERY_SECONDS:
            write_json(target, {"label": label, "done": done, "total": total})
            last["written"] = now
        last["label"] = label

    return report


def read_progress(source: Path) -> dict[str, Any] | None:
    """Return the newest `label`, `done`, `total`, or None when nothing was reported yet."""
    try:
        document: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return document
