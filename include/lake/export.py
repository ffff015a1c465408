"""Lake tables as plain files for other programs, one series after the other: a table need not fit into memory."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from include.core.columns import Table
from include.core.columns import table as definition_of
from include.core.errors import InvalidInputError, MissingInputError
from include.core.files import atomic_path
from include.lake.lake import Lake, Version
from include.lake.schema import to_frame

FORMATS = (".parquet", ".csv")


def export(lake: Lake, table: str, target: Path, timeframe: str | None = None, version: Version = None) -> int:
    """Write `table` to `target`, atomically and sorted by key, and return the number of rows.

    Parameters
    ----------
    lake : Lake
        Where the table is.
    table : str
        Name of a lake table.
    target : Path
        File to write; its suffix, `.parquet` or `.csv`, chooses the format.
    timeframe : str or None
        Only rows of this timeframe, for tables that have one.
    version : int, datetime or None
        As in `Lake.read`.

    Raises
    ------
    InvalidInputError
        Unknown table or suffix, or a timeframe for a table that has none.
    MissingInputError
        The table does not exist yet, or has no such rows or version.
    """
    definition = definition_of(table)
    if target.suffix not in FORMATS:
        raise InvalidInputError(f"`output` must end in {' or '.join(FORMATS)}, was {target.name!r}.")
    if timeframe is not None and "timeframe" not in definition.column_names:
        raise InvalidInputError(f"`timeframe` must be left out for table {table}, was {timeframe!r}.")
    parts = lake.stream(table, filters=[("timeframe", "=", timeframe)] if timeframe else None, version=version)
    write = _write_csv if target.suffix == ".csv" else _write_parquet
    with atomic_path(target) as temporary:
        count = write(temporary, definition, parts)
        if count == 0:
            raise MissingInputError(
                f"Table `{table}` has no such rows. Hint: `python -m include market backfill` fetches them."
            )
    return count


def _write_parquet(target: Path, definition: Table, parts: Iterable[pa.Table]) -> int:
    count = 0
    with pq.ParquetWriter(target, definition.schema, compression="zstd") as writer:
        for part in parts:
            writer.write_table(part)
            count += part.num_rows
    return count


def _write_csv(target: Path, definition: Table, parts: Iterable[pa.Table]) -> int:
    count = 0
    with target.open("w", encoding="utf-8", newline="") as stream:
        stream.write(",".join(definition.column_names) + "\n")
        for part in parts:
            to_frame(part).to_csv(stream, index=False, header=False)
            count += part.num_rows
    return count
