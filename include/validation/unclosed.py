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
        return [
            Finding(candles.symbol, f"{candles.venue} {candles.name} {candles.at(position)}")
            for candles in series
            for position in np.flatnonzero(candles.open_time + candles.length_ms > now_ms).tolist()
        ]

    return SeriesCheck(
        "unclosed_candles",
        find,
        f"candles are not closed at {told}",
        f"Every candle was closed at {told}.",
        Severity.EXCLUDE,
    )
