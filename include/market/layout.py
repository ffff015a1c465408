"""How a row of a venue's page is laid out: which place holds which column, and what its numbers may be.

A layout is data. Judging rows by it belongs to `pages.py`, the layouts themselves to the venues' modules.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.core.columns import Table

Mask = NDArray[np.bool_]
Values = Mapping[str, NDArray[Any]]
Place = int | str
INCONSISTENT = "inconsistent"


class Sign(StrEnum):
    """What a number may be: `positive`, `not_negative`, or `any`."""

    POSITIVE = "positive"
    NOT_NEGATIVE = "not_negative"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Field:
    """One number of a row.

    Parameters
    ----------
    column : str
        Column of the table.
    place : int or str
        Position in a list, name in an object.
    sign : Sign
        What the number may be.
    is_whole : bool
        An integer, not a decimal.
    is_optional : bool
        Null, an empty text or a name that is not there means that the venue does not know it.
    is_zero_null : bool
        The venue writes 0 for what it does not know.
    """

    column: str
    place: Place
    sign: Sign = Sign.POSITIVE
    is_whole: bool = False
    is_optional: bool = False
    is_zero_null: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule over the numbers of a row: the reason code of rows that break it, and which those are.

    NaN stands for what is absent; a comparison with it breaks no rule.
    """

    reason: str
    broken: Callable[[Values], Mask]


@dataclass(frozen=True, slots=True)
class Layout:
    """A row of one series of one venue.

    Parameters
    ----------
    table : Table
        Where its records belong.
    time : int or str
        Place of the event time, epoch milliseconds.
    fields : tuple of Field
        Its numbers.
    width : int or None
        Length of a row that is a list; None: the row is an object.
    symbol : str or None
        Name of the venue's symbol in a row that is an object.
    close_time : int or None
        Place of a candle's last millisecond.
    is_span : bool
        A record covers the time from its event time to the next step: it is open, and left out, until then, and
        known only then. Otherwise it is known at its event time.
    has_grid : bool
        Event times are multiples of the timeframe.
    rounding_ms : int
        Event times are stored as the nearest multiple of this.
    rules : tuple of Rule
        Further rules, judged after the numbers themselves.
    derived : mapping
        Columns computed from the others.
    constants : mapping
        Columns with one value.
    """

    table: Table
    time: Place
    fields: tuple[Field, ...]
    width: int | None = None
    symbol: str | None = None
    close_time: int | None = None
    is_span: bool = False
    has_grid: bool = True
    rounding_ms: int = 1
    rules: tuple[Rule, ...] = ()
    derived: Mapping[str, Callable[[Values], NDArray[Any]]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    def split(self, page: list[Any]) -> tuple[list[Any], list[Any]]:
        """Return the rows of `page` that have this shape, and the others."""
        holds = self._is_list() if self.width is not None else self._is_object()
        shaped = [row for row in page if holds(row)]
        return shaped, [] if len(shaped) == len(page) else [row for row in page if not holds(row)]

    def _is_list(self) -> Callable[[Any], bool]:
        width = self.width
        return lambda row: isinstance(row, list) and len(row) == width

    def _is_object(self) -> Callable[[Any], bool]:
        required = {entry.place for entry in self.fields if not entry.is_optional}
        names = required | {self.time} | ({self.symbol} if self.symbol else set())
        return lambda row: isinstance(row, dict) and names <= row.keys()
