"""What became of a table, version by version."""

from typing import Any

import pandas as pd

from include.lake.boundary import translated
from include.lake.lake import Lake


def history(lake: Lake, table: str, limit: int | None = None) -> list[dict[str, Any]]:
    """Return the versions of `table` that the log still tells, the newest first.

    Returns
    -------
    list of dict
        `version`, `at` (wall clock, UTC), `operation` in the words of the log, and the `rows` of the whole table;
        none when the table does not exist.
    """
    delta = lake.open(table)
    if delta is None:
        return []
    with translated(table, lake.location):
        commits = delta.history(limit)
    return [
        {
            "version": int(commit["version"]),
            "at": pd.Timestamp(commit["timestamp"], unit="ms", tz="UTC").to_pydatetime(),
            "operation": str(commit["operation"]).lower(),
            "rows": _rows(lake, table, int(commit["version"])),
        }
        for commit in commits
    ]


def _rows(lake: Lake, table: str, version: int) -> int:
    delta = lake.open(table, version)
    return int(delta.count())
