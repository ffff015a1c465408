"""What the servers say of a symbol at this moment: its price, its last 24 hours, its funding, its index."""

from dataclasses import dataclass

import numpy as np

from include.core.timeframes import DAY_MS, HOUR_MS, timeframe_ms
from include.sandbox.candle_page import as_seen, page_of, page_rows
from include.sandbox.market_data import CandleSeries, FundingSeries, VenueData

# The price now is read from the finest of these; finer candles would be read into memory for one number.
PRICE_TIMEFRAMES = ("1h", "4h", "1d")


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours of one symbol, in the units of a candle; what is not known is NaN."""

    start_ms: int
    open: float
    high: float
    low: float
    last: float
    volume: float
    quote_volume: float
    trades: float


@dataclass(frozen=True, slots=True)
class FundingNow:
    """The last settled rate, and when the next settlement is; 0 without any settlement."""

    rate: float
    next_ms: int


def price_now(venue: VenueData, symbol: str, now_ms: int) -> float | None:
    """Return the price of the newest candle as it stands at `now_ms`, None when there is none."""
    day = day_of(venue, symbol, now_ms)
    return day.last if day else None


def day_of(venue: VenueData, symbol: str, now_ms: int) -> Day | None:
    """Return the last 24 hours, by the timeframe that reaches furthest; None when the symbol has no candles.

    A feed that stands still longer than that has a last price and no volume.
    """
    newest: tuple[int, int, CandleSeries] | None = None
    for timeframe in PRICE_TIMEFRAMES:
        candles = venue.candles(symbol, timeframe)
        rows = page_rows(candles.open_time, now_ms, None, None, 1) if candles else (0, 0)
        if candles and rows[0] < rows[1]:
            length_ms = timeframe_ms(timeframe)
            seen_ms = min(int(candles.open_time[rows[0]]) + length_ms, now_ms)
            if newest is None or seen_ms > newest[0]:
                newest = seen_ms, length_ms, candles
    return _day(newest[2], newest[1], now_ms) if newest else None


def funding_at(series: FundingSeries | None, now_ms: int) -> FundingNow:
    """Return the funding of a symbol as it stands at `now_ms`."""
    if series is None or not len(series.time):
        return FundingNow(0.0, 0)
    past = int(np.searchsorted(series.time, now_ms, side="right"))
    if past < 2:
        return FundingNow(0.0, int(series.time[0]))
    interval_ms = round((series.time[past - 1] - series.time[past - 2]) / HOUR_MS) * HOUR_MS
    last_ms = round(series.time[past - 1] / HOUR_MS) * HOUR_MS
    return FundingNow(float(series.rate[past - 1]), int(last_ms + interval_ms))


def prices_now(venue: VenueData, symbol: str, now_ms: int, price: float, rate: float) -> tuple[float, float]:
    """Return mark and index price; where they are not known, the price itself and the price without its funding."""
    marks = [venue.price_candles(symbol, kind, PRICE_TIMEFRAMES[0]) for kind in ("mark", "index")]
    pages = [
        page_of(candles, page_rows(candles.open_time, now_ms, None, None, 1), HOUR_MS, now_ms)
        for candles in marks
        if candles
    ]
    if len(pages) < 2 or not all(map(len, pages)):
        return price, round(price / (1 + rate), 8)
    return float(pages[0].close[0]), float(pages[1].close[0])


def _day(candles: CandleSeries, length_ms: int, now_ms: int) -> Day:
    # the candle that began before the last 24 hours is left out
    start_ms = now_ms - DAY_MS
    first, stop = (int(np.searchsorted(candles.open_time, at, side="right")) for at in (start_ms, now_ms))
    last = float(as_seen(candles.rows(stop - 1, stop), length_ms, now_ms).close[0])
    page = as_seen(candles.rows(first, stop), length_ms, now_ms)
    if not len(page):
        return Day(start_ms, last, last, last, last, 0.0, 0.0, 0.0)
    sums = (float(np.round(values.sum(), 8)) for values in (page.volume, page.quote_volume, page.trades))
    return Day(start_ms, float(page.open[0]), float(page.high.max()), float(page.low.min()), last, *sums)
