"""Parquet files of a recording, read into arrays per symbol."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.core.errors import ConfigurationError
from include.sandbox.market_data import Floats, Instants


def last_value(file: Path, column: str) -> int:
    """Return the largest whole number of `column`, from the footer where the writer left statistics there."""
    metadata = pq.read_metadata(file)
    place = metadata.schema.to_arrow_schema().get_field_index(column)
    groups = [metadata.row_group(number).column(place).statistics for number in range(metadata.num_row_groups)]
    if all(group is not None and group.has_min_max for group in groups):
        return max(int(group.max) for group in groups)
    return int(pc.max(pq.read_table(file, columns=[column])[column]).as_py())


def symbols_in(file: Path) -> set[str]:
    """Return every symbol of a file."""
    return set(pq.read_table(file, columns=["symbol"], read_dictionary=["symbol"])["symbol"].unique().to_pylist())


def sorted_table(file: Path, keys: Sequence[str], values: Sequence[str], optional: Sequence[str] = ()) -> pa.Table:
    """Return the columns named, those of `optional` that are there, in the order of `keys`.

    Raises
    ------
    ConfigurationError
        A column of `keys` or `values` is missing.
    """
    held = pq.read_schema(file).names
    missing = [name for name in (*keys, *values) if name not in held]
    if missing:
        raise ConfigurationError(f"`{file.name}` must hold the columns {', '.join(missing)}, was {', '.join(held)}.")
    columns = [*keys, *values, *(name for name in optional if name in held)]
    return pq.read_table(file, columns=columns).sort_by([(key, "ascending") for key in keys])


def by_symbol(table: pa.Table, key: str = "symbol") -> list[tuple[str, pa.Table]]:
    """Return the rows of each symbol of a table that is sorted by it."""
    names = table[key].combine_chunks().dictionary_encode()
    starts = np.flatnonzero(np.diff(names.indices.to_numpy(), prepend=-1))
    stops = [*starts[1:].tolist(), table.num_rows]
    table = table.combine_chunks()
    return [
        (table[key][start].as_py(), table.slice(start, stop - start))
        for start, stop in zip(starts.tolist(), stops, strict=True)
    ]


def instants(rows: pa.Table, name: str) -> Instants:
    """Return a column of whole numbers."""
    return np.asarray(rows[name].to_numpy(), np.int64)


def floats(rows: pa.Table, name: str) -> Floats:
    """Return a column of numbers; one that is not there is not known."""
    if name not in rows.column_names:
        return np.full(rows.num_rows, np.nan)
    return np.asarray(rows[name].to_numpy(), np.float64)
