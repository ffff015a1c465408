"""Numbers out of JSON cells, whole columns at once: what they are, and which cells are no numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# exact in float64, and far beyond any epoch millisecond or trade count
_LARGEST_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Cells:
    """A column read from JSON.

    Parameters
    ----------
    values : float64 or int64 (n,)
        The numbers; NaN (floats) or −1 (integers) where there is none.
    absent : bool (n,)
        The cell was null.
    unreadable : bool (n,)
        The cell was something else than a number.
    """

    values: NDArray[Any]
    absent: NDArray[np.bool_]
    unreadable: NDArray[np.bool_]


def read_decimals(cells: Sequence[Any]) -> Cells:
    """Return decimal strings or JSON numbers as float64, each the nearest to its decimal text."""
    # kinds as a set: a question to each cell costs more than reading all of them
    if set(map(type, cells)) <= {str}:
        try:
            values = pa.array(cells, pa.string()).cast(pa.float64()).to_numpy()
        except pa.ArrowInvalid:
            pass  # some cell is no number: find out which
        else:
            return Cells(values, *_all_good(len(cells)))
    return _one_by_one(cells, _decimal, np.nan, np.float64)


def read_integers(cells: Sequence[Any]) -> Cells:
    """Return JSON integers, or strings of digits, as int64."""
    if (
        set(map(type, cells)) <= {int}
        and -_LARGEST_INTEGER < min(cells, default=0) <= max(cells, default=0) < _LARGEST_INTEGER
    ):
        return Cells(np.array(cells, dtype=np.int64), *_all_good(len(cells)))
    return _one_by_one(cells, _integer, -1, np.int64)


def _one_by_one(cells: Sequence[Any], read: Any, nothing: float, dtype: Any) -> Cells:
    values = np.full(len(cells), nothing, dtype=dtype)
    absent, unreadable = _all_good(len(cells))
    for position, cell in enumerate(cells):
        if cell is None:
            absent[position] = True
            continue
        try:
            values[position] = read(cell)
        except (ValueError, OverflowError, pa.ArrowInvalid):
            unreadable[position] = True
    return Cells(values, absent, unreadable)


def _decimal(cell: Any) -> float:
    if isinstance(cell, str):
        # Arrow's parser: no blanks, no underscores, none of Python's other liberties
        return float(pa.scalar(cell, pa.string()).cast(pa.float64()).as_py())
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return float(cell)
    raise ValueError


def _integer(cell: Any) -> int:
    is_integer = isinstance(cell, int) and not isinstance(cell, bool)
    if not is_integer and not (isinstance(cell, str) and cell.isascii() and cell.isdecimal()):
        raise ValueError
    number = int(cell)
    if not -_LARGEST_INTEGER < number < _LARGEST_INTEGER:
        raise ValueError
    return number


def _all_good(length: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return np.zeros(length, dtype=bool), np.zeros(length, dtype=bool)
