"""Row filters of the lake: lists of (column, operator, value), all of which must hold."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.core.columns import Table
from include.core.errors import InvalidInputError

Condition = tuple[str, str, Any]

_OPERATORS = {
    "=": lambda field, value: field == value,
    "==": lambda field, value: field == value,
    "!=": lambda field, value: field != value,
    "<": lambda field, value: field < value,
    "<=": lambda field, value: field <= value,
    ">": lambda field, value: field > value,
    ">=": lambda field, value: field >= value,
    "in": lambda field, value: field.isin(value),
}
_SQL = {"==": "=", "!=": "<>"}


def expression(definition: Table, conditions: Sequence[Condition]) -> pc.Expression | None:
    """Return `conditions` as one Arrow expression, None when there are none.

    Raises
    ------
    InvalidInputError
        A column or an operator does not exist.
    """
    combined = None
    for name, operator, value in conditions:
        _require(definition, name, operator)
        wanted = pa.array(value, definition.schema.field(name).type) if operator == "in" else value
        single = _OPERATORS[operator](pc.field(name), wanted)
        combined = single if combined is None else combined & single
    return combined


def predicate(definition: Table, conditions: Sequence[Condition]) -> str | None:
    """Return `conditions` as SQL of the engine that reads Delta tables; arguments and errors as `expression`."""
    return " AND ".join(_sql(definition, *condition) for condition in conditions) or None


def _sql(definition: Table, name: str, operator: str, value: Any) -> str:
    _require(definition, name, operator)
    kind = definition.schema.field(name).type
    if operator != "in":
        return f'"{name}" {_SQL.get(operator, operator)} {_literal(kind, value)}'
    values = [_literal(kind, one) for one in value]
    return f'"{name}" IN ({", ".join(values)})' if values else "false"


def _literal(kind: pa.DataType, value: Any) -> str:
    if pa.types.is_string(kind):
        return "'" + str(value).replace("'", "''") + "'"
    if pa.types.is_timestamp(kind):
        # Delta stores instants in microseconds
        microseconds = pa.scalar(value, pa.timestamp("us", tz="UTC")).value
        return f"arrow_cast({microseconds}, 'Timestamp(Microsecond, Some(\"UTC\"))')"
    return repr(pa.scalar(value, kind).as_py())


def _require(definition: Table, name: str, operator: str) -> None:
    if name not in definition.column_names:
        raise InvalidInputError(f"`filters` must name columns of `{definition.name}`, was {name!r}.")
    if operator not in _OPERATORS:
        raise InvalidInputError(f"`filters` must use one of {', '.join(_OPERATORS)}, was {operator!r}.")
