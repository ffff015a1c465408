"""Faults of single rows: what a page would have to say, spoiled so that only its reader can notice."""

import random
from collections.abc import Callable
from copy import deepcopy
from types import MappingProxyType
from typing import Any

from include.core.timeframes import DAY_MS
from include.sandbox.faults.plan import Rule

Detail = dict[str, Any]
# event time, and the number that a fault changes, in rows that are objects
_TIMES = ("fundingTime", "fundingRateTimestamp", "timestamp", "date", "time")
_NUMBERS = (
    "fundingRate", "sumOpenInterest", "longShortRatio", "buySellRatio", "basisRate",
    "openInterest", "buyRatio", "value",
)  # fmt: skip
# of a candle: the prices, and by the width of a row the amounts in quote, which follow the prices
_HIGH, _LOW, _CLOSE, _VOLUME = 2, 3, 4, 5
_PRICES = (1, 2, 3, 4)
_QUOTE_AMOUNTS = MappingProxyType({12: (7, 10), 7: (6,)})
_BINANCE_WIDTH = 12
_LONG_MS = 1_000 * DAY_MS
_LISTS = ("symbols", "list", "data", "observations")


def rows_of(document: Any) -> list[Any] | None:
    """Return the list of rows in an answer of any source, None when it has none; changing it changes the document."""
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return None
    found = next((document[name] for name in _LISTS if isinstance(document.get(name), list)), None)
    return rows_of(document.get("result")) if found is None else found


def time_of(row: Any) -> int | str | None:
    """Return the event time of a row as it is told: epoch milliseconds, or a day; None when it has none."""
    if isinstance(row, list):
        found = row[0] if row else None
    else:
        found = next((row[name] for name in _TIMES if name in row), None) if isinstance(row, dict) else None
    return int(found) if isinstance(found, str) and found.isdecimal() else found


def spoil(rule: Rule, rows: list[Any], draw: random.Random) -> Detail | None:
    """Spoil `rows` in place; return what was done for the log, None when there was nothing to spoil.

    Parameters
    ----------
    rule : Rule
        Of a kind of `plan.ROW_KINDS`.
    rows : list
        Rows of one page, in the order of the venue.
    draw : random.Random
        Decides which rows.
    """
    has_records = bool(rows) and isinstance(time_of(rows[0]), int if rule.fault == "stuck" else int | str)
    return _SPOILERS[rule.fault](rule, rows, draw) if has_records else None


def _empty(_: Rule, rows: list[Any], __: random.Random) -> Detail:
    count = len(rows)
    rows.clear()
    return {"rows": count}


def _moved_back(_: Rule, rows: list[Any], __: random.Random) -> Detail:
    for row in rows:
        places: list[Any] = _candle_times(row) if isinstance(row, list) else [name for name in _TIMES if name in row]
        for place in places:
            told = row[place]
            row[place] = str(int(told) - _LONG_MS) if isinstance(told, str) else told - _LONG_MS
    return {"rows": len(rows)}


def _candle_times(row: list[Any]) -> list[Any]:
    return [0, 6] if len(row) == _BINANCE_WIDTH else [0]


def _shuffled(_: Rule, rows: list[Any], draw: random.Random) -> Detail | None:
    before = list(rows)
    draw.shuffle(rows)
    return {"rows": len(rows)} if rows != before else None


def _deleted(rule: Rule, rows: list[Any], draw: random.Random) -> Detail | None:
    if rule.first_ms is None or rule.last_ms is None:
        places = _drawn(rule, rows, draw)
    else:
        span = range(rule.first_ms, rule.last_ms + 1)
        places = [place for place, row in enumerate(rows) if time_of(row) in span]
    times = [time_of(rows[place]) for place in places]
    for place in reversed(places):
        del rows[place]
    return {"times": times} if places else None


def _repeated(is_changed: bool) -> Callable[[Rule, list[Any], random.Random], Detail]:
    def spoiler(rule: Rule, rows: list[Any], draw: random.Random) -> Detail:
        places = _drawn(rule, rows, draw)
        times = [time_of(rows[place]) for place in places]
        for place in reversed(places):
            copy = deepcopy(rows[place])
            if is_changed:
                _revise(copy, rule)
            rows.insert(place + 1, copy)
        return {"times": times}

    return spoiler


def _each(change: Callable[[Any, Rule], None]) -> Callable[[Rule, list[Any], random.Random], Detail]:
    def spoiler(rule: Rule, rows: list[Any], draw: random.Random) -> Detail:
        places = _drawn(rule, rows, draw)
        for place in places:
            change(rows[place], rule)
        return {"times": [time_of(rows[place]) for place in places]}

    return spoiler


def _drawn(rule: Rule, rows: list[Any], draw: random.Random) -> list[int]:
    # the newest row of a page may be an open candle, of which nobody keeps anything: spared where there are others
    newest = max(range(len(rows)), key=lambda place: str(time_of(rows[place])))
    places = [place for place in range(len(rows)) if place != newest or len(rows) == 1]
    return sorted(draw.sample(places, min(rule.rows, len(places))))


def _revise(row: Any, _: Rule) -> None:
    """Another closing price inside the candle, or a number a hundredth larger."""
    if isinstance(row, dict):
        _scale(row, _number_name(row), 1.01)
    elif row[_HIGH] != row[_LOW]:
        row[_CLOSE] = row[_HIGH] if row[_CLOSE] != row[_HIGH] else row[_LOW]
    else:
        _scale(row, _VOLUME, 1.01)


def _write(text: str, place: int) -> Callable[[Any, Rule], None]:
    def change(row: Any, _: Rule) -> None:
        row[_number_name(row) if isinstance(row, dict) else place] = text

    return change


def _multiply(row: Any, rule: Rule) -> None:
    if isinstance(row, dict):
        _scale(row, _number_name(row), rule.factor)
        return
    for place in (*_PRICES, *_QUOTE_AMOUNTS.get(len(row), ())):
        _scale(row, place, rule.factor)


def _scale(row: Any, place: Any, factor: float) -> None:
    if row[place] not in (None, ""):
        number = float(row[place]) * factor
        row[place] = format(number, ".12g") if isinstance(row[place], str) else number


def _number_name(row: dict[str, Any]) -> str:
    return next((name for name in _NUMBERS if name in row), next(reversed(row)))


_SPOILERS: dict[str, Callable[[Rule, list[Any], random.Random], Detail | None]] = {
    "empty_page": _empty,
    "stuck": _moved_back,
    "duplicates": _repeated(is_changed=False),
    "conflicts": _repeated(is_changed=True),
    "disorder": _shuffled,
    "deleted": _deleted,
    "revised": _each(_revise),
    "nan": _each(_write("NaN", _CLOSE)),
    "infinite": _each(_write("Infinity", _HIGH)),
    "negative": _each(_write("-1", _LOW)),
    "spike": _each(_multiply),
}
