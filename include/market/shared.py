"""The sources that all symbols share: fear & greed and macro."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from include.config.settings import Settings
from include.core.clock import from_ms, to_ms
from include.core.columns import FEAR_GREED, MACRO
from include.core.errors import ConfigurationError, InvalidInputError, TransientError
from include.core.progress import Progress
from include.core.timeframes import DAY_MS
from include.lake.lake import Lake
from include.market.errors import PageError
from include.market.macro import EARLIEST, SERIES, fetch_series, open_fred
from include.market.outages import OutageLog
from include.market.plan import OVERLAP_FEAR_GREED_DAYS, OVERLAP_MACRO, newest_by_series, newest_fear_greed
from include.market.quarantine import Refused, Sifted
from include.market.retry import Retry
from include.market.sentiment import fetch_fear_greed

logger = logging.getLogger(__name__)

SHARED = (FEAR_GREED.name, MACRO.name)
_SENTIMENT, _MACRO = "alternative.me", "fred"


class Shared:
    """Fear & greed and macro: as-of joined with their age, so that one of them missing is told, not fatal.

    Parameters
    ----------
    settings : Settings
        Where the sources are.
    market_now : datetime
        Records of later days are refused.
    retry : Retry
        Retries of each request.
    outages : OutageLog
        Where their failures are noted.

    Attributes
    ----------
    rows : dict
        Pieces of each lake table.
    refused : list of Refused
        Refused records.
    failed : dict
        Series that did not come, and why.
    """

    def __init__(self, settings: Settings, market_now: datetime, retry: Retry, outages: OutageLog) -> None:
        self._settings, self._now, self._retry = settings, market_now, retry
        self.outages = outages
        self.rows: dict[str, list[pa.Table]] = {}
        self.refused: list[Refused] = []
        self.failed: dict[str, str] = {}

    def fetch(self, lake: Lake, wanted: Sequence[str], progress: Progress) -> None:
        """Fetch what is newer than what `lake` holds, with an overlap; `wanted` are names of `SHARED`."""
        if FEAR_GREED.name in wanted:
            self._fear_greed(newest_fear_greed(lake), progress)
        if MACRO.name in wanted:
            self._macro(newest_by_series(lake), progress)

    def _fear_greed(self, newest_ms: int | None, progress: Progress) -> None:
        days = 0
        if newest_ms is not None:
            days = max(to_ms(self._now) - newest_ms, 0) // DAY_MS + OVERLAP_FEAR_GREED_DAYS
        self._one(
            FEAR_GREED.name,
            _SENTIMENT,
            "fear_greed",
            lambda: fetch_fear_greed(self._settings, self._retry, self._now, days),
        )
        progress("fear & greed", 1, 1)

    def _macro(self, newest: Mapping[str, int], progress: Progress) -> None:
        try:
            client = open_fred(self._settings)
        except ConfigurationError as error:
            self.failed.update(dict.fromkeys(SERIES, str(error)))
            return
        with client:
            for done, series in enumerate(SERIES, start=1):
                start = EARLIEST if series not in newest else from_ms(newest[series]) - OVERLAP_MACRO
                is_away = not self._one(
                    MACRO.name,
                    _MACRO,
                    series,
                    lambda series=series, start=start: fetch_series(  # type: ignore[misc]  # bound now, called now
                        client, self._retry, series, self._now, start
                    ),
                )
                progress("macro", done, len(SERIES))
                if is_away:
                    waiting = list(SERIES)[done:]
                    self.failed.update(dict.fromkeys(waiting, f"Not asked for, after {series} failed."))
                    break

    def _one(self, table: str, source: str, name: str, call: Callable[[], Sifted]) -> bool:
        """Gather one series and return whether its source answers."""
        try:
            sifted = call()
        except (InvalidInputError, TransientError) as error:
            logger.warning("%s failed: %s", name, error)
            self.failed[name] = str(error)
            if isinstance(error, PageError):
                self.refused.append(Refused(table, name, error.reason, error.payload, f"{source} {name}"))
            if isinstance(error, TransientError):
                self.outages.failed(source, error)
            return not isinstance(error, TransientError | ConfigurationError)
        self.outages.answered(source)
        self.rows.setdefault(table, []).append(sifted.rows)
        self.refused += sifted.refused
        return True
