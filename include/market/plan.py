"""From where to fetch: the lake's newest record minus an overlap, and what is wanted before its oldest one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd

from include.core.clock import to_ms
from include.core.timeframes import DAY_MS, floor_to_timeframe, timeframe_ms
from include.lake.lake import Lake
from include.market.gaps import epoch_ms

# closed candles fetched again, to see whether the venue changed them
OVERLAP_CANDLES = 3
OVERLAP_FUNDING_MS = DAY_MS
# vintages asked for again
OVERLAP_MACRO = timedelta(days=14)
OVERLAP_FEAR_GREED_DAYS = 3
# the venue's first perpetual, where it does not say when a symbol was listed
FIRST_LISTING = datetime(2019, 9, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Plan:
    """Newest stored records, and the window to fetch where nothing is stored.

    Parameters
    ----------
    timeframe : str
        Timeframe of the candles.
    start_ms : int or None
        Explicit start of a back-fill, None to go on from the lake.
    end_ms : int
        Open time of the newest candle wanted.
    window_start_ms : int or None
        Start where nothing is stored, None for the symbol's listing.
    candles, fundings : dict
        Newest stored event time (ms) by symbol.
    macro : dict
        Newest stored vintage (ms) by series.
    oldest_candles, oldest_fundings : dict
        Oldest stored event time (ms) by symbol.
    fear_greed_ms : int or None
        Newest stored day.
    """

    timeframe: str
    start_ms: int | None
    end_ms: int
    window_start_ms: int | None
    candles: dict[str, int]
    fundings: dict[str, int]
    macro: dict[str, int]
    fear_greed_ms: int | None
    oldest_candles: dict[str, int]
    oldest_fundings: dict[str, int]

    def candles_from(self, symbol: str, listed_ms: int | None) -> int:
        """Return the first open time to fetch of `symbol`."""
        newest = self.candles.get(symbol)
        if self.start_ms is not None or newest is None:
            return self._window(listed_ms)
        # a lake ahead of the exchange's clock (a sandbox set back) must not skip the overlap
        return min(newest, self.end_ms) - (OVERLAP_CANDLES - 1) * timeframe_ms(self.timeframe)

    def fundings_from(self, symbol: str, listed_ms: int | None) -> int:
        """Return the first settlement time to fetch of `symbol`."""
        newest = self.fundings.get(symbol)
        if self.start_ms is not None or newest is None:
            return self._window(listed_ms)
        return min(newest, self.end_ms) - OVERLAP_FUNDING_MS

    def candles_before(self, symbol: str, listed_ms: int | None) -> tuple[int, int] | None:
        """Return the first and last open time that are wanted and older than all that is stored, None for none."""
        return self._before(self.oldest_candles.get(symbol), timeframe_ms(self.timeframe), listed_ms)

    def fundings_before(self, symbol: str, listed_ms: int | None) -> tuple[int, int] | None:
        """Return the first and last settlement time that are wanted and older than all that is stored."""
        return self._before(self.oldest_fundings.get(symbol), 1, listed_ms)

    def _before(self, oldest: int | None, step_ms: int, listed_ms: int | None) -> tuple[int, int] | None:
        # a lake that was filled for a shorter window does not end the history: the wider window is filled backwards
        wanted = self._window(listed_ms)
        if self.start_ms is not None or oldest is None or oldest - step_ms < wanted:
            return None
        return wanted, oldest - step_ms

    def _window(self, listed_ms: int | None) -> int:
        listed = listed_ms if listed_ms is not None else to_ms(FIRST_LISTING)
        wanted = self.start_ms if self.start_ms is not None else self.window_start_ms
        return max(listed if wanted is None else max(wanted, listed), 0)


def make_plan(
    lake: Lake,
    venue: str,
    timeframe: str,
    market_now: datetime,
    candles_per_symbol: int | None,
    start: datetime | None,
    end: datetime | None,
) -> Plan:
    """Return where to fetch from; `end` is the latest close wanted, `market_now` when None."""
    length = timeframe_ms(timeframe)
    until = market_now if end is None else min(end, market_now)
    end_ms = floor_to_timeframe(to_ms(until), timeframe) - length
    candles = lake.newest("candles", ["venue", "symbol", "timeframe"], "open_time")
    oldest = lake.oldest("candles", ["venue", "symbol", "timeframe"], "open_time")
    fundings = lake.newest("funding_rates", ["venue", "symbol"], "funding_time")
    oldest_fundings = lake.oldest("funding_rates", ["venue", "symbol"], "funding_time")
    fear_greed = lake.newest("fear_greed", ["classification"], "timestamp")
    return Plan(
        timeframe=timeframe,
        start_ms=None if start is None else to_ms(start),
        end_ms=end_ms,
        window_start_ms=None if candles_per_symbol is None else end_ms - (candles_per_symbol - 1) * length,
        candles=_by_name(_of(candles, venue, timeframe), "symbol", "open_time"),
        fundings=_by_name(_of(fundings, venue), "symbol", "funding_time"),
        macro=_by_name(lake.newest("macro", ["series"], "vintage"), "series", "vintage"),
        fear_greed_ms=None if fear_greed.empty else int(epoch_ms(fear_greed["timestamp"]).max()),
        oldest_candles=_by_name(_of(oldest, venue, timeframe), "symbol", "open_time"),
        oldest_fundings=_by_name(_of(oldest_fundings, venue), "symbol", "funding_time"),
    )


def _of(frame: pd.DataFrame, venue: str, timeframe: str | None = None) -> pd.DataFrame:
    frame = frame[frame["venue"] == venue]
    return frame if timeframe is None else frame[frame["timeframe"] == timeframe]


def _by_name(frame: pd.DataFrame, by: str, column: str) -> dict[str, int]:
    return dict(zip(frame[by], epoch_ms(frame[column]).tolist(), strict=True))
