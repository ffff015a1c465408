"""What a merge would change: new rows, rows that differ, and what is stored in their place."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from include.core.columns import Table
from include.core.errors import InvalidInputError

_STORED = "__stored"


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between incoming rows and a table.

    Parameters
    ----------
    new : pyarrow.Table
        Rows whose key is not stored yet.
    changed : pyarrow.Table
        Rows whose key is stored with another value in some column.
    stored : pyarrow.Table
        The stored rows with the keys of `changed`, in the same order.
    """

    new: pa.Table
    changed: pa.Table
    stored: pa.Table


def compare(definition: Table, rows: pa.Table, stored: pa.Table) -> Changes:
    """Return the difference of `rows` to `stored`; both have the schema of `definition`.

    A null equals a null. Rows are sorted by key.
    """
    keys = list(definition.key)
    marked = stored.append_column(_STORED, pa.repeat(pa.scalar(True), stored.num_rows))
    joined = rows.join(marked, keys=keys, join_type="left outer", right_suffix=_STORED)
    joined = joined.sort_by([(key, "ascending") for key in keys])
    is_stored = pc.is_valid(joined[_STORED])
    changed = joined.filter(pc.and_(is_stored, _differs(definition, joined)))
    return Changes(
        new=_side(definition, joined.filter(pc.invert(is_stored)), ""),
        changed=_side(definition, changed, ""),
        stored=_side(definition, changed, _STORED),
    )


def distinct(definition: Table, rows: pa.Table) -> pa.Table:
    """Return `rows` without exact repetitions; one key with two contents is refused."""
    keys = list(definition.key)
    if rows.group_by(keys).aggregate([]).num_rows == rows.num_rows:
        return rows
    unique = rows.group_by(list(definition.column_names)).aggregate([]).select(definition.column_names)
    repeated = unique.group_by(keys).aggregate([([], "count_all")]).filter(pc.field("count_all") > 1)
    if repeated.num_rows:
        raise InvalidInputError(
            f"`rows` must hold each key of `{definition.name}` once, was repeated with other values for "
            f"{repeated.num_rows} keys (first: {repeated.select(keys).slice(0, 1).to_pylist()[0]})."
        )
    return unique.cast(definition.schema)


def _differs(definition: Table, joined: pa.Table) -> pa.ChunkedArray:
    differs = pa.chunked_array([pa.repeat(pa.scalar(False), joined.num_rows)])
    for name in (column for column in definition.column_names if column not in definition.key):
        incoming, before = joined[name], joined[name + _STORED]
        unequal = pc.fill_null(pc.not_equal(incoming, before), False)
        one_is_null = pc.not_equal(pc.is_null(incoming), pc.is_null(before))
        differs = pc.or_(differs, pc.or_(unequal, one_is_null))
    return differs


def _side(definition: Table, joined: pa.Table, suffix: str) -> pa.Table:
    columns = [joined[name if name in definition.key else name + suffix] for name in definition.column_names]
    return pa.table(columns, schema=definition.schema)
