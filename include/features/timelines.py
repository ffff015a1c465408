"""What a frame of one source is made into: its values in the order in which they became known."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.errors import InvalidInputError
from include.features.kernels.order import first_unsound, is_in_order

_SMALLEST_PRICE = float(np.nextafter(0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Timeline:
    """A source in the order in which it became known.

    Attributes
    ----------
    known_at : int64 (m,)
        First instant at which each value may be used, epoch milliseconds, ascending.
    event : int64 (m,)
        What each value is about, epoch milliseconds.
    value : float64 (m,)
        Without NaN.
    """

    known_at: NDArray[np.int64]
    event: NDArray[np.int64]
    value: NDArray[np.float64]


NOTHING = Timeline(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))


def timeline(frame: pd.DataFrame | None, event: str, value: str) -> Timeline:
    """Return the rows of `frame` that have a value, by `known_at` and then by the time in column `event`."""
    if frame is None or len(frame) == 0:
        return NOTHING
    return _in_order(epoch_ms(frame, "known_at"), epoch_ms(frame, event), _values(frame, value))


def _in_order(known_at: NDArray[np.int64], events: NDArray[np.int64], values: NDArray[np.float64]) -> Timeline:
    # most sources come in order, and sorting costs more than every feature of them
    if not is_in_order(known_at, events, values):
        order = np.lexsort((events, known_at))
        order = order[~np.isnan(values[order])]
        known_at, events, values = known_at[order], events[order], values[order]
    return Timeline(known_at, events, values)


def _values(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)


@dataclass(frozen=True, eq=False)
class Shared:
    """Sources that are the same for every symbol, made into timelines once; the frames of `FeatureInputs`.

    Its frames must not be changed.
    """

    fear_greed: pd.DataFrame | None
    macro: pd.DataFrame | None
    reference: dict[str, pd.DataFrame] | None

    def holds(self, other: "Shared") -> bool:
        """Return whether `other` holds the very same objects."""
        return self.fear_greed is other.fear_greed and self.macro is other.macro and self.reference is other.reference

    @cached_property
    def fear_greed_line(self) -> Timeline:
        """Fear and greed index, 0 … 100."""
        return timeline(self.fear_greed, "timestamp", "value")

    @cached_property
    def macro_lines(self) -> dict[str, Timeline]:
        """Macro series by id."""
        if self.macro is None or len(self.macro) == 0:
            return {}
        series, names = pd.factorize(self.macro["series"])
        columns = (epoch_ms(self.macro, "known_at"), epoch_ms(self.macro, "date"), _values(self.macro, "value"))
        return {
            str(name): _in_order(*(column[series == place] for column in columns)) for place, name in enumerate(names)
        }

    @cached_property
    def reference_closes(self) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Open times, epoch milliseconds, and closes of other symbols."""
        found: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        for symbol, frame in (self.reference or {}).items():
            closes = np.array(frame["close"], dtype=np.float64)
            require_sound({"close": closes}, f"reference[{symbol}]")
            found[symbol] = epoch_ms(frame, "open_time"), closes
        return found


def epoch_ms(frame: pd.DataFrame, name: str) -> NDArray[np.int64]:
    """Return the times in column or index `name` of `frame` as UTC epoch milliseconds."""
    if name in frame:
        times = frame[name].array
    elif frame.index.name == name:
        times = frame.index.array
    else:
        raise InvalidInputError(f"`{name}` must be a column or the index of the frame, was neither.")
    if isinstance(times, pd.arrays.DatetimeArray):
        times = pd.DatetimeIndex(times).as_unit("ms").asi8
    elif not pd.api.types.is_integer_dtype(times.dtype):
        raise InvalidInputError(f"`{name}` must hold UTC datetimes or epoch milliseconds, was {times.dtype}.")
    return np.array(times, dtype=np.int64)


def require_sound(columns: dict[str, NDArray[np.float64]], frame: str) -> None:
    """Refuse prices and volumes that are not finite, prices of 0 and below, and negative volumes of `frame`."""
    for name, values in columns.items():
        row = first_unsound(values, 0.0 if name == "volume" else _SMALLEST_PRICE)
        if row < len(values):
            rule = "finite and not negative" if name == "volume" else "finite and positive"
            raise InvalidInputError(
                f"`{frame}.{name}` must be {rule}, was {values[row]} in row {row}. Hint: leave bad candles out."
            )
