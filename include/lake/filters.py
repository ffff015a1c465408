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
    "in": lambda field, value: field.isin(list(value)),
}


def expression(definition: Table, conditions: Sequence[Condition]) -> pc.Expression | None:
    """Return `conditions` as one Arrow expression, None when there are none.

    Raises
    ------
    InvalidInputError
        A column or an operator does not exist.
    """
    combined = None
    for name, operator, value in conditions:
        single = _single(definition, name, operator, value)
        combined = single if combined is None else combined & single
    return combined


def _single(definition: Table, name: str, operator: str, value: Any) -> pc.Expression:
    if name not in definition.column_names:
        raise InvalidInputError(f"`filters` must name columns of `{definition.name}`, was {name!r}.")
    if operator not in _OPERATORS:
        raise InvalidInputError(f"`filters` must use one of {', '.join(_OPERATORS)}, was {operator!r}.")
    field = pc.field(name)
    if pa.types.is_string(definition.schema.field(name).type):
        # a rewritten file stores its strings as views, which have no comparison kernels
        field = field.cast(pa.string())
    return _OPERATORS[operator](field, value)
