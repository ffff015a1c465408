"""Rows of one symbol, unpacked for stepping: a candle is a tuple of Python floats, read without NumPy's overhead.

Deciding which rows to play does not belong here (`windows.py`).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.features.dataset import SymbolSeries

# Gymnasium wants finite bounds. Features are stationary or bounded, so this clips nothing but a defect.
OBSERVATION_BOUND = 10_000.0


class Candle(NamedTuple):
    """One row: times in UTC epoch milliseconds, prices and ATR in quote per base, rates as fractions, hours."""

    open_time: int
    close_time: int
    open: float
    high: float
    low: float
    close: float
    atr: float
    funding_inner: float
    funding_at_close: float
    funding_assumed: float


@dataclass(frozen=True, slots=True)
class Tape:
    """Consecutive rows of one symbol.

    Attributes
    ----------
    symbol : str
        Unified symbol.
    candles : list of Candle, length n
        Rows in order of open time.
    features : float32 (n, k)
        Market features, clipped to ±`OBSERVATION_BOUND`.
    stress : list of float, length n
        Market stress level of each row, 0 to 1.
    """

    symbol: str
    candles: list[Candle]
    features: NDArray[np.float32]
    stress: list[float]


def tape_of(series: SymbolSeries, stress: NDArray[np.float64], candle_ms: int) -> Tape:
    """Return the rows of `series` as a tape.

    Parameters
    ----------
    series : SymbolSeries
        n rows.
    stress : float64 (n,)
        Stress level of the same rows.
    candle_ms : int
        Length of a candle in milliseconds.
    """
    columns = (
        series.open_time,
        series.open_time + candle_ms,
        series.open,
        series.high,
        series.low,
        series.close,
        series.atr,
        series.funding_inner,
        series.funding_at_close,
        series.funding_assumed,
    )
    candles = [Candle._make(row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    features = np.clip(series.features, -OBSERVATION_BOUND, OBSERVATION_BOUND)
    return Tape(series.symbol, candles, features, stress.tolist())
