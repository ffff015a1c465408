"""Bringing a lake of an older version up to date: one commit per table, old or new and never neither."""

from typing import Any

import pyarrow as pa

from include.core import columns as definitions
from include.core.errors import MissingInputError
from include.lake import commit
from include.lake.boundary import translated
from include.lake.evolution import Step, changed
from include.lake.lake import Lake
from include.lake.order import in_key_order
from include.lake.schema import plain


def evolve(lake: Lake, *, dry_run: bool = False) -> list[dict[str, Any]]:
    """Apply the declared steps that tables of `lake` still need; doing it twice changes nothing more.

    Older versions of a table stay as they were written, and readable. A table that no declared steps explain stops
    everything before anything is changed.

    Returns
    -------
    list of dict
        One per step: `table`, `step` in words, and the `version` after it, None in a dry run.

    Raises
    ------
    IntegrityError
        A table differs in a way that no declared step explains; the text shows the difference.
    """
    planned = {name: steps for name in definitions.TABLES if (steps := pending_steps(lake, name))}
    versions = {name: None if dry_run else evolve_table(lake, name) for name in planned}
    return [
        {"table": name, "step": step.what, "version": versions[name]}
        for name, steps in planned.items()
        for step in steps
    ]


def pending_steps(lake: Lake, table: str) -> tuple[Step, ...]:
    """Return the declared steps that `table` still needs, none for a missing table; errors as `evolve`."""
    delta = lake.open(table)
    return () if delta is None else lake.steps(definitions.table(table), delta)


def evolve_table(lake: Lake, table: str) -> int:
    """Apply the declared steps of one table and return its version; errors as `evolve`."""
    return commit.retried(table, lambda: _try_evolve(lake, definitions.table(table)))


def _try_evolve(lake: Lake, definition: definitions.Table) -> int:
    delta = lake.open(definition.name)
    if delta is None:
        raise MissingInputError(f"`{definition.name}` does not exist yet.")
    steps = lake.steps(definition, delta)
    if steps:
        with translated(definition.name, lake.location):
            commit.overwrite(delta, _evolved(definition, delta, steps))
    return int(delta.version())


def _evolved(definition: definitions.Table, delta: Any, steps: tuple[Step, ...]) -> pa.Table:
    if any(step.is_fetched_again for step in steps):
        return definition.schema.empty_table()
    return in_key_order(definition, changed(definition, steps, plain(pa.table(delta.scan()))))
