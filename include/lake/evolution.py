"""How tables of older versions become tables of this one: declared step by step, and nothing else is accepted.

A step is a pure change of rows. It is applied once and for all by `evolve`, in one commit, and on the way to the
reader of a pinned version, which stays as it was written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from include.core.columns import Table
from include.core.errors import IntegrityError
from include.lake.schema import stored_differences

EVOLVE = "python -m include market evolve"


@dataclass(frozen=True, slots=True)
class Step:
    """One declared difference between an older table and the next.

    Parameters
    ----------
    table : str
        Lake table.
    what : str
        The step in words.
    applies : callable
        Whether a stored schema still needs it.
    change : callable
        The rows before to the rows after.
    is_fetched_again : bool
        The older rows lack what their source can tell anew: `evolve` leaves the table empty, and the next fetch
        fills it. Readers of pinned versions get the changed rows.
    """

    table: str
    what: str
    applies: Callable[[pa.Schema], bool]
    change: Callable[[pa.Table], pa.Table]
    is_fetched_again: bool = False


def _lacks(column: str, schema: pa.Schema) -> bool:
    return column not in schema.names


def _with_venue(rows: pa.Table) -> pa.Table:
    venue = pa.field("venue", pa.string(), nullable=False)
    return rows.add_column(0, venue, pa.repeat(pa.scalar("binanceusdm"), rows.num_rows))


def _may_be_null(column: str, schema: pa.Schema) -> bool:
    return column in schema.names and schema.field(column).nullable


def _with_vintage(rows: pa.Table) -> pa.Table:
    day = pc.floor_temporal(rows["known_at"], unit="day")
    vintage = pc.coalesce(rows["vintage"], day.cast(rows.schema.field("vintage").type))
    field = rows.schema.field("vintage").with_nullable(False)
    return rows.set_column(rows.schema.get_field_index("vintage"), field, vintage)


STEPS = (
    *(
        Step(table, "`venue` becomes part of the key: binanceusdm", partial(_lacks, "venue"), _with_venue)
        for table in ("candles", "funding_rates", "open_interest", "long_short_ratio")
    ),
    Step(
        "macro",
        "`vintage` becomes part of the key: FRED is asked again for every value it ever published",
        partial(_may_be_null, "vintage"),
        _with_vintage,
        is_fetched_again=True,
    ),
)


def pending(definition: Table, stored: pa.Schema) -> tuple[Step, ...]:
    """Return the steps from a stored schema to that of `definition`, none when they are the same.

    Raises
    ------
    IntegrityError
        No declared steps lead there; the text lists every difference.
    """
    differences = stored_differences(definition, stored)
    if not differences:
        return ()
    steps, rows = [], stored.empty_table()
    for step in STEPS:
        if step.table == definition.name and step.applies(rows.schema):
            steps.append(step)
            rows = step.change(rows)
    left = stored_differences(definition, rows.schema)
    if left:
        raise IntegrityError(
            f"The stored table `{definition.name}` is of another schema: {'; '.join(left)}. "
            f"Hint: `{EVOLVE}` knows no step for this difference; it was written by a newer version or another program."
        )
    return tuple(steps)


def changed(definition: Table, steps: tuple[Step, ...], rows: pa.Table) -> pa.Table:
    """Return `rows` after `steps`, in the schema of `definition`."""
    for step in steps:
        rows = step.change(rows)
    return rows.select(definition.column_names).cast(definition.schema)
