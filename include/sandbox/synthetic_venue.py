"""One venue of the synthetic market: its series, simulated when they are first asked for."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from include.core.timeframes import HOUR_MS
from include.sandbox.market_data import (
    BasisSeries,
    CandleSeries,
    FundingSeries,
    Listing,
    LongShortSeries,
    OpenInterestSeries,
    OrderBook,
    PriceKind,
)
from include.sandbox.synthetic_book import simulate_book
from include.sandbox.synthetic_prices import hourly_basis, hourly_prices
from include.sandbox.synthetic_statistics import hourly_long_short, hourly_open_interest
from include.sandbox.synthetic_symbol import Character, aggregate, funding_of

AGGREGATED = ("4h", "1d")
PERIODS_MS = {f"{hours}h": hours * HOUR_MS for hours in (1, 2, 4, 6, 12)} | {"1d": 24 * HOUR_MS}
# hourly series are large (2 MB a symbol): what is not kept is simulated again, which takes some 20 ms
HOURLY_KEPT = 16

Statistic = TypeVar("Statistic", OpenInterestSeries, LongShortSeries, BasisSeries)


class SyntheticVenue:
    """A `VenueData` made of numbers.

    Parameters
    ----------
    characters : mapping
        What distinguishes each symbol, by the exchange's spelling.
    seed : int
        Seed of this venue; same seed, same venue.
    simulate : callable
        ``simulate(character) -> hourly candles``.
    """

    def __init__(
        self, characters: Mapping[str, Character], seed: int, simulate: Callable[[Character], CandleSeries]
    ) -> None:
        self._characters = characters
        self._seed = seed
        self._aggregated: dict[tuple[str, str], CandleSeries] = {}
        self._funding: dict[str, FundingSeries] = {}
        self.hourly = lru_cache(HOURLY_KEPT)(lambda symbol: simulate(characters[symbol]))
        self._prices = lru_cache(HOURLY_KEPT)(self._simulate_prices)
        self._open_interest = lru_cache(HOURLY_KEPT)(self._of(hourly_open_interest))
        self._long_short = lru_cache(HOURLY_KEPT)(self._of(hourly_long_short))
        self._basis = lru_cache(HOURLY_KEPT)(self._of(hourly_basis))

    def symbols(self) -> tuple[str, ...]:
        """Return every symbol that the venue lists."""
        return tuple(self._characters)

    def listings(self) -> Sequence[Listing]:
        """Return what the venue says of each symbol."""
        return [
            Listing(c.symbol, c.listed_ms, c.price_decimals, c.quantity_decimals, c.funding_hours)
            for c in self._characters.values()
        ]

    def candles(self, symbol: str, timeframe: str) -> CandleSeries | None:
        """Return the candles of a listed symbol at 1h, 4h or 1d, None at any other timeframe."""
        if timeframe == "1h":
            return self.hourly(symbol)
        if timeframe not in AGGREGATED:
            return None
        if (symbol, timeframe) not in self._aggregated:
            hourly = self.hourly(symbol)
            self._aggregated |= {(symbol, longer): aggregate(hourly, longer) for longer in AGGREGATED}
        return self._aggregated[symbol, timeframe]

    def price_candles(self, symbol: str, kind: PriceKind, timeframe: str) -> CandleSeries | None:
        """Return candles of a price that is not traded, at the timeframes of `candles`."""
        return self._prices(symbol, kind, timeframe) if timeframe in ("1h", *AGGREGATED) else None

    def funding(self, symbol: str) -> FundingSeries:
        """Return the settlements of a listed symbol."""
        if symbol not in self._funding:
            self._funding[symbol] = funding_of(self._characters[symbol], self.hourly(symbol), self._seed)
        return self._funding[symbol]

    def open_interest(self, symbol: str, period: str) -> OpenInterestSeries | None:
        """Return the open interest of a listed symbol, None at periods of less than an hour."""
        return _sampled(self._open_interest(symbol), period) if period in PERIODS_MS else None

    def long_short(self, symbol: str, period: str) -> LongShortSeries | None:
        """Return the accounts that are long and short, None at periods of less than an hour."""
        return _sampled(self._long_short(symbol), period) if period in PERIODS_MS else None

    def basis(self, symbol: str, period: str) -> BasisSeries | None:
        """Return perpetual and index price side by side, None at periods of less than an hour."""
        return _sampled(self._basis(symbol), period) if period in PERIODS_MS else None

    def order_book(self, symbol: str, price: float, now_ms: int) -> OrderBook:
        """Return the book around `price` as it stands at `now_ms`."""
        return simulate_book(self._characters[symbol], price, now_ms, self._seed)

    def _simulate_prices(self, symbol: str, kind: PriceKind, timeframe: str) -> CandleSeries:
        hourly = hourly_prices(self._characters[symbol], self.hourly(symbol), self._seed, kind)
        return hourly if timeframe == "1h" else aggregate(hourly, timeframe)

    def _of(self, simulate: Callable[[Character, CandleSeries, int], Statistic]) -> Callable[[str], Statistic]:
        return lambda symbol: simulate(self._characters[symbol], self.hourly(symbol), self._seed)


def _sampled(series: Statistic, period: str) -> Statistic:
    """Return the values at the instants on the grid of `period`."""
    chosen = series.time % PERIODS_MS[period] == 0
    return type(series)(*(getattr(series, name)[chosen] for name in type(series).__slots__))
