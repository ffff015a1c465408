"""A market recorded in a directory of Parquet files.

What the directory does not hold is answered as an exchange answers for no data.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from include.core.errors import ConfigurationError
from include.core.files import read_json
from include.core.timeframes import TIMEFRAMES_MS
from include.sandbox.binance.exchange_info import exchange_info, symbol_info
from include.sandbox.market_data import FearGreedSeries, MacroSeries
from include.sandbox.recorded_files import instants
from include.sandbox.recorded_macro import read_macro
from include.sandbox.recorded_venue import BINANCE, BYBIT, RecordedVenue

FEAR_GREED = "fear_greed.parquet"
EXCHANGE_INFO = "exchange_info*.json"


class RecordedMarket(RecordedVenue):
    """A `MarketData` of recorded files.

    Parameters
    ----------
    folder : Path
        Holds any of `klines_<timeframe>.parquet`, `bybit_klines_<timeframe>.parquet`, `funding_rates.parquet`,
        `arb_funding_binance_bybit.parquet`, `open_interest_<timeframe>.parquet`,
        `long_short_ratio_<timeframe>*.parquet`, `fear_greed.parquet`, `macro_daily.parquet`,
        `macro_vintages.parquet`, `exchange_info*.json`.

    Raises
    ------
    ConfigurationError
        The folder does not exist or holds no candles.
    """

    def __init__(self, folder: Path) -> None:
        folder = folder.resolve()
        if not folder.is_dir():
            raise ConfigurationError(
                f"`PERPETUA_SANDBOX_DATA` must be a directory, was {str(folder)!r}. "
                "Hint: unset it for a synthetic market."
            )
        super().__init__(folder, BINANCE)
        self._bybit = RecordedVenue(folder, BYBIT)
        if not self.files and not self._bybit.files:
            raise ConfigurationError(
                f"`PERPETUA_SANDBOX_DATA` must hold candles, was {str(folder)!r} without klines_<timeframe>.parquet. "
                f"Hint: timeframes are {', '.join(TIMEFRAMES_MS)}."
            )

    @property
    def name(self) -> str:
        """Path of the folder."""
        return str(self._folder)

    @cached_property
    def end_ms(self) -> int:
        """End of the last candle; the second venue, which may have ended long before, decides only when it is alone."""
        return super().end_ms or self._bybit.end_ms

    @property
    def bybit(self) -> RecordedVenue:
        """The second venue."""
        return self._bybit

    def symbols(self) -> tuple[str, ...]:
        """Return every symbol of the exchange information and of the candles."""
        return self._listed

    def exchange_info(self) -> dict[str, Any]:
        """Return the recorded document; symbols it does not hold are derived from their candles."""
        return self._exchange_info

    def fear_greed(self) -> FearGreedSeries | None:
        """Return the fear and greed index, None when it is not held."""
        return self._fear_greed

    def macro(self, series_id: str) -> MacroSeries | None:
        """Return one macro series, None when it is not held."""
        return self._macro.get(series_id)

    @cached_property
    def _recorded_info(self) -> dict[str, Any] | None:
        files = sorted(self._folder.glob(EXCHANGE_INFO))
        return dict(read_json(files[0])) if files else None

    @cached_property
    def _listed(self) -> tuple[str, ...]:
        recorded = [entry["symbol"] for entry in self._recorded_info["symbols"]] if self._recorded_info else []
        return (*recorded, *sorted(set(self._symbols) - set(recorded)))

    @cached_property
    def _exchange_info(self) -> dict[str, Any]:
        recorded = self._recorded_info or exchange_info([])
        known = {entry["symbol"] for entry in recorded["symbols"]}
        derived = [symbol_info(self.listing(symbol)) for symbol in self._listed if symbol not in known]
        return {**recorded, "symbols": [*recorded["symbols"], *derived]}

    @cached_property
    def _fear_greed(self) -> FearGreedSeries | None:
        file = self._folder / FEAR_GREED
        if not file.exists():
            return None
        rows = pq.read_table(file).sort_by("timestamp")
        words: Sequence[str] = rows["value_classification"].to_pylist()
        return FearGreedSeries(instants(rows, "timestamp") * 1000, rows["value"].to_numpy(), words)

    @cached_property
    def _macro(self) -> dict[str, MacroSeries]:
        return read_macro(self._folder)
