"""Rows in the order of their key: looked at first, since rows that were written together mostly are."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.core.columns import Table


def in_key_order(definition: Table, rows: pa.Table) -> pa.Table:
    """Return `rows` (with the key columns of `definition`, no nulls among them) sorted by key."""
    if rows.num_rows < 2 or _is_sorted(definition, rows):
        return rows
    return rows.sort_by([(key, "ascending") for key in definition.key])


def _is_sorted(definition: Table, rows: pa.Table) -> bool:
    """Judge by runs: where all key columns but the last stay equal, the last must grow."""
    *leading, last = definition.key
    starts = np.zeros(rows.num_rows, dtype=bool)
    for name in leading:
        ends = pc.run_end_encode(rows[name].combine_chunks()).run_ends.to_numpy()
        starts[ends[:-1]] = True
    boundaries = np.flatnonzero(starts)
    if len(boundaries) > rows.num_rows // 4:
        return False
    column = rows[last].combine_chunks()
    grows = pc.greater(column.slice(1), column.slice(0, len(column) - 1)).to_numpy(zero_copy_only=False)
    grows[boundaries - 1] = True
    if not grows.all():
        return False
    firsts = rows.select(leading).take(np.append(0, boundaries)).to_pylist()
    return all(tuple(before.values()) < tuple(after.values()) for before, after in pairwise(firsts))
