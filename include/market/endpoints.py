"""Every series of every venue, walked alike: name a venue, a series, a market and a timeframe."""

from include.core.errors import InvalidInputError
from include.market import binanceusdm, bybit
from include.market.endpoint import Endpoint
from include.market.series import Series

_VENUES: dict[str, dict[str, Series]] = {
    binanceusdm.VENUE: binanceusdm.SERIES,
    bybit.VENUE: bybit.SERIES,
}


def series_of(venue: str) -> dict[str, Series]:
    """Return the series of a venue by name, in the order in which they are worth fetching."""
    try:
        return _VENUES[venue]
    except KeyError:
        raise InvalidInputError(f"`venue` must be one of {', '.join(_VENUES)}, was {venue!r}.") from None


def endpoint(venue: str, series: str, market_id: str, timeframe: str) -> Endpoint:
    """Return the endpoint of a series of one market.

    Parameters
    ----------
    venue : str
        Its ccxt id.
    series : str
        `candles`, `mark`, `index`, `premium`, `funding_rates`, `open_interest`, `long_short_ratio`, `taker_ratio` or
        `basis`.
    market_id : str
        The venue's spelling of the symbol.
    timeframe : str
        ccxt timeframe; a series without one, as fundings, passes over it.

    Raises
    ------
    InvalidInputError
        The venue does not have it.
    """
    found = series_of(venue).get(series)
    if found is None:
        offered = ", ".join(series_of(venue))
        raise InvalidInputError(f"`series` must be one of {offered} at {venue}, was {series!r}.")
    return found.endpoint(market_id, timeframe)


def offered(venue: str, timeframe: str) -> tuple[str, ...]:
    """Return the names of the series that a venue has at a timeframe, those without one included."""
    return tuple(
        name for name, found in series_of(venue).items() if not found.timeframes or timeframe in found.timeframes
    )


def history_ms(venue: str, table: str) -> int | None:
    """Return how far back the venue keeps the records of a lake table; None: since the listing."""
    kept = [series.history_ms for series in series_of(venue).values() if series.layout.table.name == table]
    if not kept:
        raise InvalidInputError(f"`table` must be one that {venue} fills, was {table!r}.")
    return kept[0]
