"""Taking broken data files out of a table, and saying what to fetch again. Nothing else repairs a lake."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from deltalake.fs import DeltaStorageHandler

from include.core import columns as definitions
from include.lake.boundary import translated
from include.lake.lake import Lake

# vacuum leaves names with an underscore alone: what was set aside can be looked at
_ASIDE = "_broken"


@dataclass(frozen=True, slots=True)
class Broken:
    """A data file that does not hold what the log says.

    Parameters
    ----------
    table, file, reason : str
        What is broken, and how.
    rows : int
        Rows that the table lost with it.
    first, last : datetime or None
        Event times between which they lay.
    """

    table: str
    file: str
    reason: str
    rows: int
    first: datetime | None
    last: datetime | None


def repair(lake: Lake, table: str, *, dry_run: bool = False) -> list[Broken]:
    """Set the broken data files of `table` aside and take them out of its newest version, in one commit.

    A file is broken when it is missing, has another size than the log says, or no readable Parquet footer with as many
    rows. What was lost is fetched again by `python -m include market backfill` for the span that is returned. The
    older versions that hold the file cannot be read any more.

    Parameters
    ----------
    lake : Lake
        Where the table is.
    table : str
        Name of a lake table.
    dry_run : bool
        Only look.
    """
    delta = lake.open(table)
    if delta is None:
        return []
    with translated(table, lake.location):
        files = pafs.PyFileSystem(DeltaStorageHandler(lake.uri(table)))
        added = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
        broken = [found for entry in added if (found := _judge(files, definitions.table(table), entry))]
        if broken and not dry_run:
            for one in broken:
                if one.reason != "missing":
                    files.move(one.file, f"{_ASIDE}/{one.file}")
            delta.repair()
    return broken


def _judge(files: Any, definition: definitions.Table, entry: dict[str, Any]) -> Broken | None:
    reason = _reason(files, entry)
    if reason is None:
        return None
    time = definition.time_column
    return Broken(
        definition.name, entry["path"], reason, entry["num_records"], entry.get(f"min.{time}"), entry.get(f"max.{time}")
    )


def _reason(files: Any, entry: dict[str, Any]) -> str | None:
    (info,) = files.get_file_info([entry["path"]])
    if info.type != pafs.FileType.File:
        return "missing"
    if info.size != entry["size_bytes"]:
        return f"{info.size:,} bytes instead of {entry['size_bytes']:,}"
    try:
        with files.open_input_file(entry["path"]) as stream:
            rows = pq.ParquetFile(stream).metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        return f"unreadable: {str(error).splitlines()[0]}"
    return None if rows == entry["num_records"] else f"{rows:,} rows instead of {entry['num_records']:,}"
