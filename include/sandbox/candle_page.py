"""One page of records as an exchange answers it: which rows, and the open candle as it stands now.

Request parsing and the spelling of rows do not belong here (`binance`, `bybit`).
"""

import numpy as np

from include.sandbox.market_data import CandleSeries, Floats, Instants
from include.sandbox.numbers import decimals_of

# When the extremes of a candle are reached, as fractions of its time.
FIRST_EXTREME, SECOND_EXTREME = 0.25, 0.75


def page_rows(
    open_time: Instants,
    now_ms: int,
    start_ms: int | None,
    end_ms: int | None,
    limit: int,
) -> tuple[int, int]:
    """Return the range of rows that the exchange answers with.

    With a start: the first `limit` rows from it on. Without: the last `limit` rows. Rows after
    `end_ms` or after the virtual now do not exist.

    Parameters
    ----------
    open_time : int64 (n,)
        Sorted event times, UTC epoch milliseconds.
    now_ms : int
        The virtual now.
    start_ms, end_ms : int or None
        Both included.
    limit : int
        Most rows of a page.

    Returns
    -------
    tuple of int
        First row and the row after the last; equal when there is none.
    """
    last_ms = now_ms if end_ms is None else min(now_ms, end_ms)
    stop = int(np.searchsorted(open_time, last_ms, side="right"))
    if start_ms is None:
        return max(stop - limit, 0), stop
    start = int(np.searchsorted(open_time, start_ms))
    return start, max(min(start + limit, stop), start)


def newest_rows(
    times: Instants,
    now_ms: int,
    start_ms: int | None,
    end_ms: int | None,
    limit: int,
) -> tuple[int, int]:
    """Return the range of the last `limit` rows from `start_ms` to `end_ms`, both included, none after the now.

    Endpoints that count back from the end answer so: of a span of more rows than a page they drop the oldest.
    """
    last_ms = now_ms if end_ms is None else min(now_ms, end_ms)
    stop = int(np.searchsorted(times, last_ms, side="right"))
    start = 0 if start_ms is None else int(np.searchsorted(times, start_ms))
    return max(start, stop - limit), max(start, stop)


def as_seen(candles: CandleSeries, length_ms: int, now_ms: int) -> CandleSeries:
    """Return `candles` as they stand at `now_ms`: of a last candle still open only what has happened.

    Inside a candle the price runs from the open to the nearer extreme, to the other one and to the
    close; volumes grow evenly. At the end of its time the open candle equals the whole one.
    """
    if not len(candles) or candles.open_time[-1] + length_ms <= now_ms:
        return candles
    fraction = (now_ms - int(candles.open_time[-1])) / length_ms
    values = {name: getattr(candles, name).copy() for name in CandleSeries.__slots__}
    whole = np.array([values[name][-1] for name in ("open", "high", "low", "close")])
    prices = np.round(_path(whole, fraction), decimals_of(whole))
    values["high"][-1], values["low"][-1], values["close"][-1] = prices.max(), prices.min(), prices[-1]
    for name in ("volume", "taker_buy_volume", "quote_volume", "taker_buy_quote_volume"):
        values[name][-1] = np.round(values[name][-1] * fraction, decimals_of(values[name][-1:]))
    values["trades"][-1] = np.floor(values["trades"][-1] * fraction)
    return CandleSeries(**values)


def page_of(candles: CandleSeries, rows: tuple[int, int], length_ms: int, now_ms: int) -> CandleSeries:
    """Return the candles of the range `rows` as they stand at `now_ms`."""
    return as_seen(candles.rows(*rows), length_ms, now_ms)


def _path(whole: Floats, fraction: float) -> Floats:
    opened, high, low, close = whole
    first, second = (high, low) if high - opened < opened - low else (low, high)
    knots = np.array([0.0, FIRST_EXTREME, SECOND_EXTREME, 1.0])
    levels = np.array([opened, first, second, close])
    passed = knots < fraction
    passed[0] = True
    return np.append(levels[passed], np.interp(fraction, knots, levels))
