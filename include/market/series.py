"""What a series of a venue is: how it is asked for, page by page, and how its rows are laid out.

The venues' own tables of series are in `binanceusdm.py` and `bybit.py`, walked through `endpoints.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from include.core.errors import InvalidInputError
from include.core.timeframes import timeframe_ms
from include.market.endpoint import Call, Endpoint
from include.market.layout import Layout
from include.market.pages import check_page


@dataclass(frozen=True, slots=True)
class Series:
    """One series of one venue.

    Parameters
    ----------
    name : str
        Name of the series, the same at every venue: `candles`, `mark`, `funding_rates`, …
    layout : Layout
        Its rows.
    method : str
        Implicit method of the ccxt client.
    family : str
        Family of the venue's request budget that it draws on.
    limit : int
        Rows of a full page.
    params : callable
        ``params(market_id) -> mapping``: what is sent beside times, timeframe and limit.
    start, end : str
        The venue's names of the first and last event time.
    timeframes : mapping
        The venue's spelling of each timeframe it has; empty for a series that has none.
    timeframe_name : str
        The venue's name of that parameter.
    weight : callable
        ``weight(limit) -> int``: what a request costs.
    rows : callable
        ``rows(document, market_id) -> rows``, as `Endpoint.unwrap`.
    slack_ms : int
        As `Endpoint.slack_ms`; the longest distance of two records that have no grid.
    window_ms : callable
        ``window_ms(step_ms) -> int or None``, as `Endpoint.window_ms`.
    history_ms : int or None
        How far back the venue keeps records; None: since the listing.
    """

    name: str
    layout: Layout
    method: str
    family: str
    limit: int
    params: Callable[[str], Mapping[str, str]]
    start: str
    end: str
    rows: Callable[[Any, str], Any]
    timeframes: Mapping[str, str] = field(default_factory=dict)
    timeframe_name: str = "interval"
    weight: Callable[[int], int] = lambda _: 1
    slack_ms: int = 0
    window_ms: Callable[[int], int | None] = lambda _: None
    history_ms: int | None = None

    def endpoint(self, market_id: str, timeframe: str) -> Endpoint:
        """Return the endpoint of one market.

        Raises
        ------
        InvalidInputError
            The venue has no such timeframe of this series.
        """
        spelled = self._timeframe(timeframe)
        own = timeframe if self.timeframes else None
        step_ms = 1 if own is None else timeframe_ms(own)

        def call(start_ms: int | None, end_ms: int, limit: int) -> Call:
            asked: dict[str, str | int] = {**self.params(market_id), **spelled, self.end: end_ms, "limit": limit}
            if start_ms is not None:
                asked[self.start] = start_ms
            return Call(self.method, asked, self.family, self.weight(limit))

        return Endpoint(
            source=self.layout.table.name,
            limit=self.limit,
            step_ms=step_ms,
            slack_ms=self.slack_ms,
            call=call,
            unwrap=lambda document: self.rows(document, market_id),
            check=lambda rows, span: check_page(self.layout, rows, span, market_id, own),
            window_ms=self.window_ms(step_ms),
            history_ms=self.history_ms,
        )

    def _timeframe(self, timeframe: str) -> dict[str, str]:
        if not self.timeframes:
            return {}
        if timeframe not in self.timeframes:
            offered = ", ".join(self.timeframes)
            raise InvalidInputError(f"`timeframe` of {self.name} must be one of {offered}, was {timeframe!r}.")
        return {self.timeframe_name: self.timeframes[timeframe]}
