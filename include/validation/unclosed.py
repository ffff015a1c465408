"""Candles that were still open when they were told: their numbers are not final."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from include.core.checks import Severity
from include.core.clock import format_utc, to_ms
from include.validation.candle_series import CandleSeries
from include.validation.findings import Finding, SeriesCheck


def unclosed_candles(market_now: datetime) -> SeriesCheck:
    """Return the check that every candle was closed at `market_now`, the exchange's clock when it was asked last."""
    now_ms, told = to_ms(market_now), format_utc(market_now)

    def find(series: Sequence[CandleSeries]) -> list[Finding]:
        found = [(one, np.flatnonzero(one.open_time + one.length_ms > now_ms)) for one in series]
        return [
            Finding(one.symbol, f"{one.venue} {one.name}, the first at {one.at(late[0])}", len(late))
            for one, late in found
            if len(late)
        ]

    return SeriesCheck(
        "unclosed_candles",
        find,
        f"Candles are not closed at {told}",
        f"Every candle was closed at {told}.",
        Severity.EXCLUDE,
    )
