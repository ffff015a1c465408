"""The stored rows that incoming rows may replace, found without reading the rest of the table.

Memory stays within one chunk of stored rows and the rows found, however large the table is.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.core.columns import Table
from include.lake.filters import Condition, predicate

_CHUNK_ROWS = 500_000
# a condition that lists more values costs more than the row groups it would skip
_LISTED_VALUES = 100


def stored_rows(delta: Any, definition: Table, rows: pa.Table) -> pa.Table:
    """Return the rows of the Delta table `delta` whose key is among `rows`.

    Parameters
    ----------
    delta : DeltaTable
        A table with the schema of `definition`.
    definition : Table
        Its key.
    rows : pyarrow.Table
        Rows of that schema.
    """
    if rows.num_rows == 0:
        return definition.schema.empty_table()
    keys = rows.select(definition.key)
    found = [
        chunk.join(keys, keys=list(definition.key), join_type="left semi").select(definition.column_names)
        for chunk in _chunks(delta.scan(predicate=predicate(definition, _bounds(keys))), definition.schema)
    ]
    return pa.concat_tables([part.cast(definition.schema) for part in found] or [definition.schema.empty_table()])


def _bounds(keys: pa.Table) -> list[Condition]:
    """Conditions that every stored row with a key of `keys` meets, as narrow as they are cheap."""
    conditions: list[Condition] = []
    for name in keys.column_names:
        values = pc.unique(keys[name])
        if len(values) <= _LISTED_VALUES and pa.types.is_string(values.type):
            conditions.append((name, "in", values.to_pylist()))
        else:
            bounds = pc.min_max(values)
            conditions += [(name, ">=", bounds["min"].as_py()), (name, "<=", bounds["max"].as_py())]
    return conditions


def _chunks(batches: Any, schema: pa.Schema) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        held.append(pa.record_batch(batch))
        count += held[-1].num_rows
        if count >= _CHUNK_ROWS:
            yield pa.Table.from_batches(held).cast(schema)
            held, count = [], 0
    if count:
        yield pa.Table.from_batches(held).cast(schema)
