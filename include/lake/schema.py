"""Arrow tables against the definitions of `core/columns.py`: conform, show the difference, hand out frames.

Value checks (positive, high ≥ low, …) do not belong here: they are the validation's.
"""

import pandas as pd
import pyarrow as pa

from include.core.columns import Table
from include.core.errors import InvalidInputError


def conform(definition: Table, rows: pa.Table) -> pa.Table:
    """Return `rows` with exactly the columns, order and types of `definition`.

    Only spellings of the same value are converted (timestamp units, large and dictionary strings).

    Raises
    ------
    InvalidInputError
        A column is missing, unknown, of another type, or holds nulls where none are allowed; the
        text lists every difference.
    """
    differences = schema_differences(definition, rows.schema) + _forbidden_nulls(definition, rows)
    if differences:
        raise InvalidInputError(f"`rows` do not fit the table `{definition.name}`: {'; '.join(differences)}.")
    try:
        return rows.select(definition.column_names).cast(definition.schema)
    except (pa.ArrowInvalid, ValueError) as error:
        raise InvalidInputError(f"`rows` do not fit the table `{definition.name}`: {error}.") from error


def schema_differences(definition: Table, found: pa.Schema) -> list[str]:
    """Return how `found` differs from the schema of `definition`, one sentence part per column."""
    expected = {column.name: column.type for column in definition.columns}
    missing = [f"column `{name}` is missing" for name in expected if name not in found.names]
    unknown = [f"column `{name}` is unknown" for name in found.names if name not in expected]
    wrong = [
        f"column `{name}` must be {expected[name]}, was {found.field(name).type}"
        for name in expected
        if name in found.names and not _same_kind(expected[name], found.field(name).type)
    ]
    return missing + unknown + wrong


def stored_differences(definition: Table, stored: pa.Schema) -> list[str]:
    """Return how a stored schema differs from that of `definition`: columns, types, and which may be null."""
    nulls = [
        f"column `{column.name}` {'must' if column.nullable else 'must not'} allow nulls"
        for column in definition.columns
        if column.name in stored.names and stored.field(column.name).nullable != column.nullable
    ]
    return schema_differences(definition, stored) + nulls


def to_frame(rows: pa.Table) -> pd.DataFrame:
    """Return `rows` as a frame whose dtypes depend on the schema alone, never on the values.

    Instants are ``datetime64[ms, UTC]``; a nullable integer column becomes float64 with NaN for
    null, because pandas would otherwise choose int64 or float64 by content.
    """
    for position, field in enumerate(rows.schema):
        if pa.types.is_integer(field.type) and field.nullable:
            floats = field.with_type(pa.float64())
            rows = rows.set_column(position, floats, rows.column(position).cast(pa.float64()))
    frame: pd.DataFrame = rows.to_pandas()
    return frame


def plain(rows: pa.Table) -> pa.Table:
    """Return `rows` with plain strings: the engine of Delta hands out views, for which Arrow lacks kernels."""
    kinds = [f.with_type(pa.string()) if pa.types.is_string_view(f.type) else f for f in rows.schema]
    return rows.cast(pa.schema(kinds))


def _forbidden_nulls(definition: Table, rows: pa.Table) -> list[str]:
    required = [
        column.name for column in definition.columns if not column.nullable and column.name in rows.column_names
    ]
    return [
        f"column `{name}` must have no nulls, was null in {rows.column(name).null_count} rows"
        for name in required
        if rows.column(name).null_count
    ]


def _same_kind(expected: pa.DataType, found: pa.DataType) -> bool:
    if pa.types.is_dictionary(found):
        found = found.value_type
    if pa.types.is_timestamp(expected) and pa.types.is_timestamp(found):
        return bool(expected.tz == found.tz)
    if pa.types.is_string(expected):
        return bool(pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found))
    return bool(expected == found)
