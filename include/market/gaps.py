"""Which candles are missing between the first and the last of a symbol, exactly."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.clock import from_ms
from include.core.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of missing candles: the first and the last missing open time, both included, and their number."""

    first: datetime
    last: datetime
    count: int


def find_gaps(open_time_ms: NDArray[np.int64], length_ms: int) -> tuple[Gap, ...]:
    """Return the runs of missing candles.

    Parameters
    ----------
    open_time_ms : int64 (n,)
        Open times of the candles that are there, ascending, each once, epoch milliseconds.
    length_ms : int
        Length of a candle.

    Raises
    ------
    InvalidInputError
        The times do not ascend, or a distance is no multiple of the length.
    """
    distance = np.diff(open_time_ms)
    if np.any(distance <= 0) or np.any(distance % length_ms):
        raise InvalidInputError("`open_time_ms` must ascend on the candle grid, was out of order or off it.")
    return tuple(
        Gap(
            first=from_ms(int(open_time_ms[i]) + length_ms),
            last=from_ms(int(open_time_ms[i + 1]) - length_ms),
            count=int(distance[i] // length_ms) - 1,
        )
        for i in np.flatnonzero(distance > length_ms)
    )


def epoch_ms(instants: "pd.Series[pd.Timestamp]") -> NDArray[np.int64]:
    """Return instants as epoch milliseconds, int64 (n,)."""
    return np.asarray(instants.astype("datetime64[ms, UTC]").astype("int64"), dtype=np.int64)
