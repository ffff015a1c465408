"""The page validator: which rows of an answer are records, and why the others are not.

Rows are judged, never repaired. What a row looks like is said by its layout. Whether rows are missing is not
decided here: the pager and the continuity check see more than one page.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from include.core.columns import INSTANT
from include.core.timeframes import timeframe_ms
from include.market.cells import Cells, read_decimals, read_integers
from include.market.errors import PageError
from include.market.layout import INCONSISTENT, Field, Layout, Mask, Place, Sign

# wrong only because of what the row does not know yet, or because it was not asked for
_EARLY = ("", "outside_request", INCONSISTENT)


@dataclass(frozen=True, slots=True)
class Span:
    """What was asked for: venue, symbol, first and last event time (ms, both included), the exchange's clock (ms)."""

    venue: str
    symbol: str
    start_ms: int
    end_ms: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """A judged page.

    Parameters
    ----------
    rows : pyarrow.Table
        Good rows with the schema of their table, sorted by time, each time once.
    refused : tuple of (reason code, raw row)
        Everything else, except the record that is still open.
    newest_ms : int or None
        Latest event time inside the span among all rows, good or refused: how far the page reaches.
    count : int
        Rows of the page as it came.
    """

    rows: pa.Table
    refused: tuple[tuple[str, Any], ...]
    newest_ms: int | None
    count: int


@dataclass(frozen=True, slots=True)
class _Columns:
    """A page read column by column."""

    time: Cells
    close_time: Cells | None
    cells: dict[str, Cells]
    is_other_symbol: Mask


def check_page(layout: Layout, page: Any, span: Span, market_id: str, timeframe: str | None = None) -> CheckedPage:
    """Return a page as records and refused rows.

    Parameters
    ----------
    layout : Layout
        What a row looks like.
    page : list
        Rows as they came, in any order.
    span : Span
        What was asked for.
    market_id : str
        The venue's spelling of the symbol; a row that names another one is refused.
    timeframe : str or None
        Step of the records, None where they have no grid.

    Returns
    -------
    CheckedPage
        A refused row has the first of these reasons that is true:

        - `shape`: not a list of that length, not an object with these names
        - `not_numeric`, `not_finite`: a cell is no number, or NaN or infinite
        - `wrong_symbol`: the row is about another market
        - `not_positive`, `negative_amount`: a price or an amount has a sign that it cannot have
        - `high_below_low`, `outside_range`: the prices of a candle contradict each other
        - `implausible_rate`: a rate or a premium of 100 % or more
        - `off_grid`: its time is no multiple of the timeframe
        - `wrong_close_time`: a candle that does not end where it must
        - `future`: later than the exchange's clock
        - `outside_request`: not what was asked for
        - `inconsistent`: numbers of one row contradict each other
        - `conflicting_duplicate`: two rows of one time that differ; none of them is taken

        Of identical rows one is taken. A record still open at the exchange's clock is left out without a reason:
        it is right, only not finished.

    Raises
    ------
    PageError
        The page is no list; it carries the page.
    """
    if not isinstance(page, list):
        raise PageError(f"A page must be a list of rows, was {type(page).__name__}: {str(page)[:120]!r}.", page)
    shaped, others = layout.split(page)
    misshapen = tuple(("shape", row) for row in others)
    if not shaped:
        return CheckedPage(layout.table.schema.empty_table(), misshapen, None, len(page))
    step = 1 if timeframe is None else timeframe_ms(timeframe)
    columns = _read(layout, shaped, market_id)
    time = columns.time.values
    key = (time + layout.rounding_ms // 2) // layout.rounding_ms * layout.rounding_ms
    is_open = (time <= span.now_ms) & (time + step > span.now_ms) if layout.is_span else np.zeros(len(time), dtype=bool)
    reasons = _first_reason(_broken_rules(layout, columns, span, step))
    table = _table(layout, columns, span, key, step, timeframe)
    kept, is_conflicting = _once(table, key, (reasons == "") & ~is_open)
    reasons = np.where(is_conflicting, "conflicting_duplicate", reasons)
    reasons = np.where(is_open & np.isin(reasons, _EARLY), "", reasons)
    refused = tuple((str(reasons[i]), shaped[i]) for i in np.flatnonzero(reasons != ""))
    chosen = np.flatnonzero(kept)
    order = chosen[np.argsort(key[chosen], kind="stable")]
    reached = (time >= span.start_ms) & (time <= span.end_ms) & _on_grid(layout, time, step)
    newest = int(time[reached].max()) if reached.any() else None
    return CheckedPage(table.take(pa.array(order)), misshapen + refused, newest, len(page))


def _read(layout: Layout, rows: list[Any], market_id: str) -> _Columns:
    names_symbol = layout.symbol is not None
    others = [names_symbol and row[layout.symbol] != market_id for row in rows]
    return _Columns(
        time=read_integers(_cells(rows, layout.time)),
        close_time=None if layout.close_time is None else read_integers(_cells(rows, layout.close_time)),
        cells={entry.column: _read_field(entry, rows) for entry in layout.fields},
        is_other_symbol=np.array(others, dtype=bool),
    )


def _read_field(entry: Field, rows: list[Any]) -> Cells:
    raw = _cells(rows, entry.place)
    if entry.is_optional and "" in raw:
        raw = [None if cell == "" else cell for cell in raw]
    cells = read_integers(raw) if entry.is_whole else read_decimals(raw)
    if not entry.is_zero_null:
        return cells
    return Cells(cells.values, cells.absent | (cells.values == 0), cells.unreadable)


def _cells(rows: list[Any], place: Place) -> list[Any]:
    if isinstance(place, int):
        return [row[place] for row in rows]
    return [row.get(place) for row in rows]


def _broken_rules(layout: Layout, columns: _Columns, span: Span, step: int) -> list[tuple[str, Mask]]:
    cells = columns.cells
    # an integer that is absent must not look like a number to a rule
    values = {name: np.where(c.absent, np.nan, c.values) for name, c in cells.items()}
    # values that are not finite, or not once multiplied, have a rule of their own or break the one that multiplies
    with np.errstate(over="ignore", invalid="ignore"):
        told = [(rule.reason, rule.broken(values)) for rule in layout.rules]
    return [
        ("not_numeric", _unreadable(layout, columns)),
        ("not_finite", _any([~(np.isfinite(c.values) | c.absent) for c in cells.values()])),
        ("wrong_symbol", columns.is_other_symbol),
        ("not_positive", _signed(layout, values, Sign.POSITIVE)),
        ("negative_amount", _signed(layout, values, Sign.NOT_NEGATIVE)),
        *(rule for rule in told if rule[0] != INCONSISTENT),
        *_time_rules(layout, columns, span, step),
        *(rule for rule in told if rule[0] == INCONSISTENT),
    ]


def _unreadable(layout: Layout, columns: _Columns) -> Mask:
    required = [columns.time, *(columns.cells[entry.column] for entry in layout.fields if not entry.is_optional)]
    if columns.close_time is not None:
        required.append(columns.close_time)
    masks = [c.unreadable for c in columns.cells.values()] + [c.unreadable | c.absent for c in required]
    return _any(masks)


def _signed(layout: Layout, values: dict[str, NDArray[Any]], sign: Sign) -> Mask:
    nothing = np.zeros(len(next(iter(values.values()))), dtype=bool)
    fields = [values[entry.column] for entry in layout.fields if entry.sign is sign]
    return _any([nothing, *(column <= 0 if sign is Sign.POSITIVE else column < 0 for column in fields)])


def _time_rules(layout: Layout, columns: _Columns, span: Span, step: int) -> list[tuple[str, Mask]]:
    time = columns.time.values
    wrong_close = np.zeros(len(time), dtype=bool)
    if columns.close_time is not None:
        wrong_close = columns.close_time.values != time + step - 1
    return [
        ("off_grid", ~_on_grid(layout, time, step)),
        ("wrong_close_time", wrong_close),
        ("future", time > span.now_ms),
        ("outside_request", (time < span.start_ms) | (time > span.end_ms)),
    ]


def _on_grid(layout: Layout, time: NDArray[np.int64], step: int) -> Mask:
    is_on: Mask = time % step == 0 if layout.has_grid else np.ones(len(time), dtype=bool)
    return is_on


def _table(
    layout: Layout, columns: _Columns, span: Span, key: NDArray[np.int64], step: int, timeframe: str | None
) -> pa.Table:
    count = len(key)
    optional = {entry.column for entry in layout.fields if entry.is_optional}
    with np.errstate(divide="ignore", invalid="ignore"):
        derived = {name: make(_plain(columns)) for name, make in layout.derived.items()}
    texts = {"venue": span.venue, "symbol": span.symbol, "timeframe": timeframe or "", **layout.constants}
    made: dict[str, pa.Array] = {name: pa.repeat(text, count) for name, text in texts.items()}
    made |= {name: pa.array(values) for name, values in derived.items()}
    made |= {name: pa.array(c.values, mask=c.absent if name in optional else None) for name, c in columns.cells.items()}
    made[layout.table.time_column] = _instants(key)
    made["known_at"] = _instants(key + step if layout.is_span else key)
    nulls = {c.name: pa.nulls(count, c.type) for c in layout.table.columns if c.nullable}
    return pa.table({name: (nulls | made)[name] for name in layout.table.column_names}, schema=layout.table.schema)


def _plain(columns: _Columns) -> dict[str, NDArray[Any]]:
    return {name: c.values for name, c in columns.cells.items()}


def _once(table: pa.Table, key: NDArray[np.int64], kept: Mask) -> tuple[Mask, Mask]:
    """Keep one of identical rows, none of rows that share a time but not their content."""
    conflicting = np.zeros(len(key), dtype=bool)
    times, counts = np.unique(key[kept], return_counts=True)
    kept = kept.copy()
    for time in times[counts > 1]:
        same = np.flatnonzero(kept & (key == time))
        kept[same[1:]] = False
        if len({str(table.slice(int(i), 1).to_pylist()) for i in same}) > 1:
            kept[same[0]] = False
            conflicting[same] = True
    return kept, conflicting


def _first_reason(rules: list[tuple[str, Mask]]) -> NDArray[np.str_]:
    return np.select([mask for _, mask in rules], [reason for reason, _ in rules], default="")


def _any(masks: list[Mask]) -> Mask:
    combined: Mask = np.logical_or.reduce(masks)
    return combined


def _instants(epoch_ms: NDArray[np.int64]) -> pa.Array:
    return pa.array(epoch_ms, pa.int64()).cast(INSTANT)
