"""A seeded synthetic market of any symbols: the sandbox's data when no recorded data is given.

Every candle depends on the seed and the symbol alone. A symbol is simulated when it is first asked
for (some 20 ms), so a start costs nothing and nothing is kept on disk.

The market ends on a fixed date and the virtual clock starts some days before it, but candles go on
for `HORIZON_DAYS` after that: the clock can be advanced through some 400 closes of 4h candles.
Candles of less than an hour are not simulated: the exchange answers with none.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

from include.core.symbols import market_id
from include.sandbox.exchange_info import exchange_info, symbol_info
from include.sandbox.market_data import CandleSeries, FearGreedSeries, FundingSeries, MacroSeries
from include.sandbox.synthetic_factors import END_MS, Factors, simulate_factors
from include.sandbox.synthetic_macro import simulate_fear_greed, simulate_macro
from include.sandbox.synthetic_symbol import Character, aggregate, character_of, funding_of, hourly_candles

AGGREGATED = ("4h", "1d")
# hourly candles are large (2 MB a symbol) and seldom asked for
HOURLY_SYMBOLS_KEPT = 4


class SyntheticMarket:
    """A `MarketData` made of numbers.

    Parameters
    ----------
    symbols : sequence of str
        Unified symbols, such as `BTC/USDT:USDT`.
    seed : int
        Same seed, same market.
    """

    def __init__(self, symbols: Sequence[str], seed: int) -> None:
        self._seed = seed
        self._characters = {name: character_of(name, seed) for name in map(market_id, symbols)}
        self._aggregated: dict[tuple[str, str], CandleSeries] = {}
        self._funding: dict[str, FundingSeries] = {}
        self._hourly = lru_cache(HOURLY_SYMBOLS_KEPT)(self._simulate)

    @property
    def name(self) -> str:
        """Always `synthetic`."""
        return "synthetic"

    @property
    def end_ms(self) -> int:
        """Nominal end of the data; candles go on past it."""
        return END_MS

    def symbols(self) -> tuple[str, ...]:
        """Return every symbol that the exchange lists."""
        return tuple(self._characters)

    def exchange_info(self) -> dict[str, Any]:
        """Return the exchange's description of itself and its symbols, `serverTime` left out."""
        return exchange_info(
            symbol_info(c.symbol, c.listed_ms, c.price_decimals, c.quantity_decimals) for c in self._characters.values()
        )

    def candles(self, symbol: str, timeframe: str) -> CandleSeries | None:
        """Return the candles of a listed symbol at 1h, 4h or 1d, None at any other timeframe."""
        if timeframe == "1h":
            return self._hourly(symbol)
        if timeframe not in AGGREGATED:
            return None
        if (symbol, timeframe) not in self._aggregated:
            hourly = self._hourly(symbol)
            self._aggregated |= {(symbol, longer): aggregate(hourly, longer) for longer in AGGREGATED}
        return self._aggregated[symbol, timeframe]

    def funding(self, symbol: str) -> FundingSeries:
        """Return the settlements of a listed symbol."""
        if symbol not in self._funding:
            self._funding[symbol] = funding_of(self._characters[symbol], self._hourly(symbol), self._seed)
        return self._funding[symbol]

    def fear_greed(self) -> FearGreedSeries:
        """Return the fear and greed index of the market factor."""
        return self._fear_greed

    def macro(self, series_id: str) -> MacroSeries | None:
        """Return one macro series, None when it is not simulated."""
        return self._macro.get(series_id)

    @cached_property
    def _factors(self) -> Factors:
        return simulate_factors(self._seed)

    @cached_property
    def _fear_greed(self) -> FearGreedSeries:
        return simulate_fear_greed(self._factors, self._seed)

    @cached_property
    def _macro(self) -> dict[str, MacroSeries]:
        return simulate_macro(self._factors, self._seed)

    def _simulate(self, symbol: str) -> CandleSeries:
        character: Character = self._characters[symbol]
        return hourly_candles(character, self._factors, self._seed)
