"""Timeframes in ccxt's spelling, the candle grid, and periods per year."""

from typing import Literal

from include.core.errors import InvalidInputError

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

TIMEFRAMES_MS: dict[str, int] = {
    "1m": MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "1h": HOUR_MS,
    "4h": 4 * HOUR_MS,
    "1d": DAY_MS,
}

Calendar = Literal["crypto", "us_equities"]
_MINUTES_PER_YEAR: dict[str, int] = {"crypto": 365 * 24 * 60, "us_equities": 252 * 390}


def timeframe_ms(timeframe: str) -> int:
    """Return the length of `timeframe` in milliseconds."""
    try:
        return TIMEFRAMES_MS[timeframe]
    except KeyError:
        raise InvalidInputError(f"`timeframe` must be one of {', '.join(TIMEFRAMES_MS)}, was {timeframe!r}.") from None


def length_name(length_ms: int) -> str:
    """Return a length of time as timeframes are spelled, in its largest whole unit: 14,400,000 → 4h."""
    units = {"d": DAY_MS, "h": HOUR_MS, "m": MINUTE_MS, "s": 1_000}
    for name, length in units.items():
        if length_ms % length == 0:
            return f"{length_ms // length}{name}"
    return f"{length_ms} ms"


def floor_to_timeframe(epoch_ms: int, timeframe: str) -> int:
    """Return the open time of the candle that contains `epoch_ms`."""
    length = timeframe_ms(timeframe)
    return epoch_ms - epoch_ms % length


def periods_per_year(timeframe: str, calendar: Calendar = "crypto") -> float:
    """Return how many candles of `timeframe` a trading year of `calendar` holds.

    Crypto trades 365 days of 24 hours (4h: 2,190); US equities 252 sessions of 390 minutes.
    """
    if calendar not in _MINUTES_PER_YEAR:
        raise InvalidInputError(f"`calendar` must be one of {', '.join(_MINUTES_PER_YEAR)}, was {calendar!r}.")
    return _MINUTES_PER_YEAR[calendar] * MINUTE_MS / timeframe_ms(timeframe)
