"""Whose rows break a rule, counted and named the same way by every check."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.columns import CANDLES, Table

NAMED = 5
# a name comes from outside
_LONGEST = 80


@dataclass(slots=True)
class Broken:
    """Rows that break one rule: their number, the first of them, and whose they are."""

    count: int = 0
    first: list[int] = field(default_factory=list)
    subjects: set[str] = field(default_factory=set)

    def add(self, positions: NDArray[np.int64], subjects: Iterable[str]) -> None:
        """Add rows by position, and the subjects they belong to."""
        self.count += len(positions)
        self.first = sorted([*self.first, *positions[:NAMED].tolist()])[:NAMED]
        self.subjects.update(subjects)

    def text(self, shown: int) -> str:
        """Return ` in 4 rows (first: 2, 3, 4)`, empty where no row is to blame."""
        if not self.count:
            return ""
        return f" in {self.count} rows (first: {', '.join(map(str, self.first[:shown]))})"


def subject_name(definition: Table, name: str) -> str:
    """Return how a check names the rows of `name` in a table.

    Candles are what everything else hangs on: who fails there is left out whole.
    """
    if definition is CANDLES:
        return name
    return f"{definition.name} {name}" if definition.subject_column else definition.name


def subject_names(definition: Table, frame: pd.DataFrame, positions: NDArray[np.int64]) -> list[str]:
    """Return the names of those whose rows stand at `positions` of `frame`."""
    if not len(positions):
        return []
    if definition.subject_column is None:
        return [definition.name]
    values: Any = frame[definition.subject_column].iloc[positions].dropna().unique()
    return [subject_name(definition, str(value)) for value in values]


def named(subjects: Sequence[str]) -> str:
    """Return `: A, B and 3 more`, empty for nobody."""
    if not subjects:
        return ""
    more = f" and {len(subjects) - NAMED} more" if len(subjects) > NAMED else ""
    return f": {', '.join(name[:_LONGEST] for name in subjects[:NAMED])}{more}"
