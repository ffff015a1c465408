"""Forgetting batches whose content has long been in the lake."""

import shutil
from datetime import datetime, timedelta

from include.core.clock import from_ms
from include.core.paths import Home

KEPT = timedelta(days=14)
PUBLISHED = "published.json"


def prune_staging(home: Home, now: datetime, kept: timedelta = KEPT) -> list[str]:
    """Remove the staging folders that were published longer than `kept` ago; return their batch ids.

    What was never published stays: somebody has to look at it. Doing it twice removes nothing more.

    Parameters
    ----------
    home : Home
        Whose staging folders.
    now : datetime
        Wall clock.
    kept : timedelta
        How long a published batch stays.
    """
    published = [
        (marker.parent, marker.stat().st_mtime_ns // 1_000_000) for marker in home.staging.glob(f"*/{PUBLISHED}")
    ]
    old = sorted(folder for folder, milliseconds in published if from_ms(milliseconds) < now - kept)
    for folder in old:
        shutil.rmtree(folder)
    return [folder.name for folder in old]
