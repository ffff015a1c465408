"""Keeping the lake small and quick, beside its writers: fewer files, no unused ones, a short log.

What a dataset was made from stays: neither the files nor the log entries of its versions are removed.
"""

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs
from deltalake.fs import DeltaStorageHandler

from include.core import columns as definitions
from include.core.clock import wall_now
from include.core.errors import MissingInputError
from include.lake import commit
from include.lake.boundary import translated
from include.lake.lake import Lake

logger = logging.getLogger(__name__)

RETENTION = timedelta(days=7)
LOG_RETENTION = timedelta(days=30)
_LOG = "_delta_log"
_HALF = re.compile(r"\.(parquet|json|tmp)#\d+$")


@dataclass(frozen=True, slots=True)
class Maintained:
    """What maintenance did to one table.

    Parameters
    ----------
    table : str
        Lake table.
    files_before, files_after : int
        Data files of the newest version.
    removed_files : int
        Files that no kept version needs, removed.
    removed_log_files : int
        Log entries older than every kept version, removed.
    bytes_freed : int
        Bytes under the table before minus after; negative where compaction wrote more than was removed yet.
    kept_versions : int
        Older versions that stay for datasets.
    """

    table: str
    files_before: int
    files_after: int
    removed_files: int
    removed_log_files: int
    bytes_freed: int
    kept_versions: int


def maintain(
    lake: Lake,
    pinned: Mapping[str, Collection[int]],
    retention: timedelta = RETENTION,
    log_retention: timedelta = LOG_RETENTION,
) -> list[Maintained]:
    """Compact every table, remove unused files and old log entries; doing it twice does nothing more.

    Parameters
    ----------
    lake : Lake
        What to maintain; writers may go on meanwhile.
    pinned : mapping of str to collection of int
        Versions per table that must stay readable.
    retention : timedelta
        How long a file stays after the last version that holds it was replaced: readers of older versions and
        writers at work need it.
    log_retention : timedelta
        How long every version stays in the log.
    """
    stored = [name for name in definitions.TABLES if lake.exists(name)]
    return [_maintain(lake, name, sorted(set(pinned.get(name, ()))), retention, log_retention) for name in stored]


def _maintain(lake: Lake, table: str, pinned: list[int], retention: timedelta, log_retention: timedelta) -> Maintained:
    pinned = [version for version in pinned if _is_readable(lake, table, version)]
    with translated(table, lake.location):
        files = pafs.PyFileSystem(DeltaStorageHandler(lake.uri(table)))
        before, bytes_before = _data_files(lake, table), _size(files)
        commit.retried(table, lambda: _compact(lake, table))
        removed = _vacuum(files, lake.open(table), pinned, retention) + _sweep(lake.uri(table), retention)
        removed_log = _clean_log(files, lake.open(table), pinned, wall_now() - log_retention)
        return Maintained(
            table=table,
            files_before=before,
            files_after=_data_files(lake, table),
            removed_files=removed,
            removed_log_files=removed_log,
            bytes_freed=bytes_before - _size(files),
            kept_versions=len(pinned),
        )


def _is_readable(lake: Lake, table: str, version: int) -> bool:
    try:
        lake.open(table, version)
    except MissingInputError:
        logger.warning("version %d of %s, which a dataset was made from, is gone", version, table)
        return False
    return True


def _compact(lake: Lake, table: str) -> None:
    delta = lake.open(table)
    delta.optimize.compact(
        writer_properties=commit.WRITER_PROPERTIES,
        commit_properties=commit.transaction(delta),
        post_commithook_properties=commit.COMMIT_HOOKS,
    )


def _vacuum(files: Any, delta: Any, pinned: list[int], retention: timedelta) -> int:
    choice = {
        "retention_hours": int(retention / timedelta(hours=1)),
        "enforce_retention_duration": False,
        "keep_versions": pinned or None,
        # files that a killed writer left behind, too
        "full": True,
    }
    present = {info.path for info in _list(files, "")}
    # it names files that are long gone, too; and a vacuum without anything to remove would still write two versions
    unused = present.intersection(delta.vacuum(dry_run=True, **choice))
    if unused:
        delta.vacuum(dry_run=False, post_commithook_properties=commit.COMMIT_HOOKS, **choice)
    return len(unused)


def _sweep(uri: str, retention: timedelta) -> int:
    """Remove the half-written files of killed writers, which a store on a file system names #1 and does not list."""
    if "://" in uri:
        return 0
    horizon = (wall_now() - retention).timestamp()
    halves = [path for path in Path(uri).rglob("*#*") if _HALF.search(path.name) and path.stat().st_mtime < horizon]
    for half in halves:
        half.unlink(missing_ok=True)
    return len(halves)


def _clean_log(files: Any, delta: Any, pinned: list[int], horizon: datetime) -> int:
    """Remove what lies before the newest checkpoint from which every kept version can still be read.

    The oldest entries go first: a stop in between leaves a log that begins later, and is whole.
    """
    found = sorted((info for info in _list(files, _LOG) if _is_entry(info.base_name)), key=lambda info: info.base_name)
    entries = [(_version_of(info.base_name), info) for info in found]
    commits = [(version, info) for version, info in entries if info.base_name.endswith(".json")]
    old = [version for version, info in commits if info.mtime < horizon]
    oldest_kept = min([*pinned, max(old, default=0), int(delta.version())])
    checkpoints = [version for version, info in entries if ".checkpoint" in info.base_name and version <= oldest_kept]
    first = max(checkpoints, default=0)
    stale = [info for version, info in entries if version < first]
    for info in stale:
        files.delete_file(info.path)
    return len(stale)


def _is_entry(name: str) -> bool:
    return name[:20].isdigit()


def _version_of(name: str) -> int:
    return int(name[:20])


def _data_files(lake: Lake, table: str) -> int:
    return len(lake.open(table).file_uris())


def _size(files: Any) -> int:
    return sum(info.size for info in _list(files, ""))


def _list(files: Any, folder: str) -> list[Any]:
    found = files.get_file_info(pafs.FileSelector(folder, recursive=True, allow_not_found=True))
    return [info for info in found if info.type == pafs.FileType.File]
