"""A seeded synthetic market of any symbols: the sandbox's data when no recorded data is given.

Every candle depends on the seed and the symbol alone. A symbol is simulated when it is first asked
for (some 20 ms), so a start costs nothing and nothing is kept on disk.

The market ends on a fixed date and the virtual clock starts some days before it, but candles go on
for `HORIZON_DAYS` after that: the clock can be advanced through some 400 closes of 4h candles.
Candles of less than an hour are not simulated: the exchange answers with none.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from include.core.seeding import derive_seed
from include.core.symbols import market_id
from include.sandbox.binance.exchange_info import exchange_info, symbol_info
from include.sandbox.market_data import CandleSeries, FearGreedSeries, MacroSeries
from include.sandbox.synthetic_bybit import bybit_candles, bybit_character
from include.sandbox.synthetic_factors import END_MS, Factors, simulate_factors
from include.sandbox.synthetic_macro import simulate_fear_greed, simulate_macro
from include.sandbox.synthetic_symbol import Character, character_of, hourly_candles
from include.sandbox.synthetic_venue import SyntheticVenue


class SyntheticMarket(SyntheticVenue):
    """A `MarketData` made of numbers.

    Parameters
    ----------
    symbols : sequence of str
        Unified symbols, such as `BTC/USDT:USDT`.
    seed : int
        Same seed, same market.
    """

    def __init__(self, symbols: Sequence[str], seed: int) -> None:
        super().__init__({name: character_of(name, seed) for name in map(market_id, symbols)}, seed, self._simulate)

    @property
    def name(self) -> str:
        """Always `synthetic`."""
        return "synthetic"

    @property
    def end_ms(self) -> int:
        """Nominal end of the data; candles go on past it."""
        return END_MS

    @cached_property
    def bybit(self) -> SyntheticVenue:
        """The second venue, which trades the same symbols."""
        characters = {name: bybit_character(character) for name, character in self._characters.items()}
        return SyntheticVenue(characters, derive_seed(self._seed, "bybit"), self._simulate_bybit)

    def exchange_info(self) -> dict[str, Any]:
        """Return the exchange's description of itself and its symbols, `serverTime` left out."""
        return exchange_info(map(symbol_info, self.listings()))

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

    def _simulate(self, character: Character) -> CandleSeries:
        return hourly_candles(character, self._factors, self._seed)

    def _simulate_bybit(self, character: Character) -> CandleSeries:
        return bybit_candles(character, self.hourly(character.symbol), self._seed)
