"""The page validator: which rows of an answer are candles or fundings, and why the others are not.

Rows are judged, never repaired. Whether rows are missing is not decided here: the pager and the
continuity check see more than one page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from include.core.columns import CANDLES, FUNDING_RATES, INSTANT
from include.core.timeframes import MINUTE_MS, timeframe_ms
from include.market.cells import Cells, read_decimals, read_integers
from include.market.errors import PageError

KLINE_FIELDS = 12
_PRICES = (1, 2, 3, 4)
_AMOUNTS = (5, 7, 9, 10)  # volume, quote volume, taker buy volume, taker buy quote volume
_OPTIONAL = (7, 8, 9, 10)  # a source may not know them; then they are null

Mask = NDArray[np.bool_]


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
        Everything else, except the candle that is still open.
    newest_ms : int or None
        Latest event time inside the span among all rows, good or refused: how far the page reaches.
    count : int
        Rows of the page as it came.
    """

    rows: pa.Table
    refused: tuple[tuple[str, Any], ...]
    newest_ms: int | None
    count: int


def check_klines(page: Any, span: Span, timeframe: str) -> CheckedPage:
    """Return a page of raw klines (12 fields each) as closed candles and refused rows.

    Reason codes: `shape`, `not_numeric`, `not_finite`, `not_positive`, `negative_amount`,
    `high_below_low`, `outside_range`, `off_grid`, `wrong_close_time`, `future`, `outside_request`,
    `conflicting_duplicate`. The candle still open at the exchange's clock is left out without a
    reason: it is right, only not finished.

    Raises
    ------
    PageError
        The page is no list.
    """
    shaped, misshapen = _shaped(page, lambda row: isinstance(row, list) and len(row) == KLINE_FIELDS)
    if not shaped:
        return CheckedPage(CANDLES.schema.empty_table(), misshapen, None, len(page))
    length = timeframe_ms(timeframe)
    columns = list(zip(*shaped, strict=True))
    whole = {field: read_integers(columns[field]) for field in (0, 6, 8)}
    cells = {field: read_decimals(columns[field]) for field in (*_PRICES, *_AMOUNTS)} | whole
    open_time = cells[0].values
    is_open = (open_time <= span.now_ms) & (open_time + length > span.now_ms)
    reasons = _first_reason(_kline_rules(cells, span, length))
    kept = (reasons == "") & ~is_open
    table = _candles(cells, span, timeframe, length)
    in_span = (open_time >= span.start_ms) & (open_time <= span.end_ms) & (open_time % length == 0)
    return _finish(table, shaped, kept, reasons, is_open, open_time, in_span, misshapen)


def check_fundings(page: Any, span: Span) -> CheckedPage:
    """Return a page of raw funding records as settled fundings, their time rounded to the minute.

    Reason codes: `shape`, `not_numeric`, `not_finite`, `implausible_rate` (100 % or more),
    `future`, `outside_request`, `conflicting_duplicate`. A mark price that is absent, empty or zero
    is null: old records have none.

    Raises
    ------
    PageError
        The page is no list.
    """
    fields = {"fundingTime", "fundingRate"}
    shaped, misshapen = _shaped(page, lambda row: isinstance(row, dict) and fields <= row.keys())
    if not shaped:
        return CheckedPage(FUNDING_RATES.schema.empty_table(), misshapen, None, len(page))
    raw_time = read_integers([row["fundingTime"] for row in shaped])
    rate = read_decimals([row["fundingRate"] for row in shaped])
    mark = read_decimals([row.get("markPrice") or None for row in shaped])
    funding_time = (raw_time.values + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS
    in_span = (raw_time.values >= span.start_ms) & (raw_time.values <= span.end_ms)
    unreadable = raw_time.unreadable | raw_time.absent | rate.unreadable | rate.absent | mark.unreadable
    infinite = ~np.isfinite(rate.values) | ~(np.isfinite(mark.values) | mark.absent)
    reasons = _first_reason(
        {
            "not_numeric": unreadable,
            "not_finite": infinite,
            "implausible_rate": np.abs(rate.values) >= 1.0,
            "future": raw_time.values > span.now_ms,
            "outside_request": ~in_span,
        }
    )
    table = pa.table(
        {
            "venue": pa.repeat(span.venue, len(shaped)),
            "symbol": pa.repeat(span.symbol, len(shaped)),
            "funding_time": _instants(funding_time),
            "funding_rate": pa.array(rate.values),
            "mark_price": pa.array(mark.values, mask=mark.absent | ~(mark.values > 0)),
            "known_at": _instants(funding_time),
        },
        schema=FUNDING_RATES.schema,
    )
    nothing_open = np.zeros(len(shaped), dtype=bool)
    return _finish(
        table, shaped, reasons == "", reasons, nothing_open, raw_time.values, in_span, misshapen, funding_time
    )


def _kline_rules(cells: dict[int, Cells], span: Span, length: int) -> dict[str, Mask]:
    opened, high, low, closed = (cells[field].values for field in _PRICES)
    open_time = cells[0].values
    required = [cells[field] for field in cells if field not in _OPTIONAL]
    floats = [cells[field] for field in (*_PRICES, *_AMOUNTS)]
    amounts = [cells[field].values < 0 for field in (*_AMOUNTS, 8)]
    return {
        "not_numeric": _any([c.unreadable for c in cells.values()] + [c.absent for c in required]),
        "not_finite": _any([~(np.isfinite(c.values) | c.absent) for c in floats]),
        "not_positive": _any([cells[field].values <= 0 for field in _PRICES]),
        "negative_amount": _any(amounts[:-1]) | (amounts[-1] & ~cells[8].absent),
        "high_below_low": high < low,
        "outside_range": (opened > high) | (opened < low) | (closed > high) | (closed < low),
        "off_grid": open_time % length != 0,
        "wrong_close_time": cells[6].values != open_time + length - 1,
        "future": open_time > span.now_ms,
        "outside_request": (open_time < span.start_ms) | (open_time > span.end_ms),
    }


def _candles(cells: dict[int, Cells], span: Span, timeframe: str, length: int) -> pa.Table:
    count = len(cells[0].values)
    values = {field: pa.array(c.values, mask=c.absent if field in _OPTIONAL else None) for field, c in cells.items()}
    columns = [pa.repeat(text, count) for text in (span.venue, span.symbol, timeframe)]
    columns += [_instants(cells[0].values)]
    columns += [values[field] for field in (*_PRICES, 5, 7, 8, 9, 10)]
    return pa.table([*columns, _instants(cells[0].values + length)], schema=CANDLES.schema)


def _finish(
    table: pa.Table,
    raw: list[Any],
    kept: Mask,
    reasons: NDArray[np.str_],
    ignored: Mask,
    event_time: NDArray[np.int64],
    in_span: Mask,
    misshapen: tuple[tuple[str, Any], ...],
    key_time: NDArray[np.int64] | None = None,
) -> CheckedPage:
    key = event_time if key_time is None else key_time
    kept, conflicting = _once(table, key, kept)
    reasons = np.where(conflicting, "conflicting_duplicate", reasons)
    reasons = np.where(ignored & ~_damaged(reasons), "", reasons)
    refused = tuple((str(reasons[i]), raw[i]) for i in np.flatnonzero(reasons != ""))
    chosen = np.flatnonzero(kept)
    order = chosen[np.argsort(key[chosen], kind="stable")]
    newest = int(event_time[in_span].max()) if in_span.any() else None
    return CheckedPage(table.take(pa.array(order)), misshapen + refused, newest, len(raw) + len(misshapen))


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


def _shaped(page: Any, is_shaped: Callable[[Any], bool]) -> tuple[list[Any], tuple[tuple[str, Any], ...]]:
    if not isinstance(page, list):
        raise PageError(f"A page must be a list of rows, was {type(page).__name__}: {str(page)[:120]!r}.")
    shaped = [row for row in page if is_shaped(row)]
    return shaped, tuple(("shape", row) for row in page if not is_shaped(row))


def _first_reason(rules: dict[str, Mask]) -> NDArray[np.str_]:
    return np.select(list(rules.values()), list(rules), default="")


def _damaged(reasons: NDArray[np.str_]) -> Mask:
    """Rows that are wrong whatever their time; an open candle is only early and out of the request."""
    return ~np.isin(reasons, ("", "outside_request"))


def _any(masks: list[Mask]) -> Mask:
    combined: Mask = np.logical_or.reduce(masks)
    return combined


def _instants(epoch_ms: NDArray[np.int64]) -> pa.Array:
    return pa.array(epoch_ms, pa.int64()).cast(INSTANT)
