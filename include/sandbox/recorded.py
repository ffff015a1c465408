"""A market recorded in a directory of Parquet files, opened file by file as it is asked for.

What the directory does not hold is answered as an exchange answers for no data.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.core.errors import ConfigurationError
from include.core.files import read_json
from include.core.timeframes import TIMEFRAMES_MS
from include.sandbox.exchange_info import derived_symbol_info, exchange_info
from include.sandbox.market_data import (
    CANDLE_COLUMNS,
    CandleSeries,
    FearGreedSeries,
    Floats,
    FundingSeries,
    Instants,
    MacroSeries,
)

KLINES = re.compile(r"klines_(\w+)\.parquet")
FUNDING, FEAR_GREED, MACRO = "funding_rates.parquet", "fear_greed.parquet", "macro_daily.parquet"
EXCHANGE_INFO = "exchange_info*.json"


class RecordedMarket:
    """A `MarketData` of recorded files.

    Parameters
    ----------
    folder : Path
        Holds any of `klines_<timeframe>.parquet`, `funding_rates.parquet`, `fear_greed.parquet`,
        `macro_daily.parquet`, `exchange_info*.json`.

    Raises
    ------
    ConfigurationError
        The folder does not exist or holds no candles.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._files = _candle_files(self._folder)
        self._candles: dict[str, dict[str, CandleSeries]] = {}

    @property
    def name(self) -> str:
        """Path of the folder."""
        return str(self._folder)

    @cached_property
    def end_ms(self) -> int:
        """End of the last candle of any timeframe."""
        return max(_last_open_time(file) + TIMEFRAMES_MS[timeframe] for timeframe, file in self._files.items())

    def symbols(self) -> tuple[str, ...]:
        """Return every symbol of the exchange information and of the candles."""
        return self._symbols

    def exchange_info(self) -> dict[str, Any]:
        """Return the recorded document; symbols it does not hold are derived from their candles."""
        return self._exchange_info

    def candles(self, symbol: str, timeframe: str) -> CandleSeries | None:
        """Return the candles of a symbol, None when there are none of that timeframe."""
        if timeframe not in self._files:
            return None
        if timeframe not in self._candles:
            self._candles[timeframe] = _read_candles(self._files[timeframe])
        return self._candles[timeframe].get(symbol)

    def funding(self, symbol: str) -> FundingSeries | None:
        """Return the settlements of a symbol, None when there are none."""
        return self._funding.get(symbol)

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
    def _symbols(self) -> tuple[str, ...]:
        recorded = [entry["symbol"] for entry in self._recorded_info["symbols"]] if self._recorded_info else []
        found = {name for file in self._files.values() for name in _symbols_in(file)}
        return (*recorded, *sorted(found - set(recorded)))

    @cached_property
    def _exchange_info(self) -> dict[str, Any]:
        recorded = self._recorded_info or exchange_info([])
        known = {entry["symbol"] for entry in recorded["symbols"]}
        derived = [self._derived(symbol) for symbol in self._symbols if symbol not in known]
        return {**recorded, "symbols": [*recorded["symbols"], *derived]}

    def _derived(self, symbol: str) -> dict[str, Any]:
        series = (self.candles(symbol, timeframe) for timeframe in self._by_length)
        return derived_symbol_info(symbol, next(candles for candles in series if candles is not None))

    @cached_property
    def _by_length(self) -> list[str]:
        # longest first: the smallest file that knows the symbol
        return sorted(self._files, key=lambda timeframe: -TIMEFRAMES_MS[timeframe])

    @cached_property
    def _funding(self) -> dict[str, FundingSeries]:
        file = self._folder / FUNDING
        if not file.exists():
            return {}
        groups = _by_symbol(_sorted_table(file, ("symbol", "funding_time"), ("funding_rate",), ("mark_price",)))
        return {
            symbol: FundingSeries(
                _instants(rows, "funding_time"), _floats(rows, "funding_rate"), _floats(rows, "mark_price")
            )
            for symbol, rows in groups
        }

    @cached_property
    def _fear_greed(self) -> FearGreedSeries | None:
        file = self._folder / FEAR_GREED
        if not file.exists():
            return None
        rows = pq.read_table(file).sort_by("timestamp")
        words: Sequence[str] = rows["value_classification"].to_pylist()
        return FearGreedSeries(_instants(rows, "timestamp") * 1000, rows["value"].to_numpy(), words)

    @cached_property
    def _macro(self) -> dict[str, MacroSeries]:
        file = self._folder / MACRO
        if not file.exists():
            return {}
        table = _sorted_table(file, ("series_id", "date"), ("value",), ())
        return {
            series_id: MacroSeries(rows["date"].to_numpy().astype("datetime64[D]"), _floats(rows, "value"))
            for series_id, rows in _by_symbol(table, "series_id")
        }


def _candle_files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise ConfigurationError(
            f"`PERPETUA_SANDBOX_DATA` must be a directory, was {str(folder)!r}. Hint: unset it for a synthetic market."
        )
    matches = ((KLINES.fullmatch(file.name), file) for file in sorted(folder.iterdir()))
    files = {match[1]: file for match, file in matches if match and match[1] in TIMEFRAMES_MS}
    if not files:
        raise ConfigurationError(
            f"`PERPETUA_SANDBOX_DATA` must hold candles, was {str(folder)!r} without klines_<timeframe>.parquet. "
            f"Hint: timeframes are {', '.join(TIMEFRAMES_MS)}."
        )
    return files


def _last_open_time(file: Path) -> int:
    # from the footer, where the writer left statistics there, so that a large file is not read for its end
    metadata = pq.read_metadata(file)
    column = metadata.schema.to_arrow_schema().get_field_index("open_time")
    groups = [metadata.row_group(number).column(column).statistics for number in range(metadata.num_row_groups)]
    if all(group is not None and group.has_min_max for group in groups):
        return max(int(group.max) for group in groups)
    return int(pc.max(pq.read_table(file, columns=["open_time"])["open_time"]).as_py())


def _symbols_in(file: Path) -> set[str]:
    return set(pq.read_table(file, columns=["symbol"], read_dictionary=["symbol"])["symbol"].unique().to_pylist())


def _read_candles(file: Path) -> dict[str, CandleSeries]:
    table = _sorted_table(file, ("symbol", "open_time"), CANDLE_COLUMNS[:5], CANDLE_COLUMNS[5:])
    return {
        symbol: CandleSeries(_instants(rows, "open_time"), *(_floats(rows, name) for name in CANDLE_COLUMNS))
        for symbol, rows in _by_symbol(table)
    }


def _sorted_table(file: Path, keys: tuple[str, str], values: Sequence[str], optional: Sequence[str]) -> pa.Table:
    held = pq.read_schema(file).names
    missing = [name for name in (*keys, *values) if name not in held]
    if missing:
        raise ConfigurationError(f"`{file.name}` must hold the columns {', '.join(missing)}, was {', '.join(held)}.")
    columns = [*keys, *values, *(name for name in optional if name in held)]
    table = pq.read_table(file, columns=columns)
    return table.sort_by([(key, "ascending") for key in keys])


def _by_symbol(table: pa.Table, key: str = "symbol") -> list[tuple[str, pa.Table]]:
    names = table[key].combine_chunks().dictionary_encode()
    starts = np.flatnonzero(np.diff(names.indices.to_numpy(), prepend=-1))
    stops = [*starts[1:].tolist(), table.num_rows]
    table = table.combine_chunks()
    return [
        (table[key][start].as_py(), table.slice(start, stop - start))
        for start, stop in zip(starts.tolist(), stops, strict=True)
    ]


def _instants(rows: pa.Table, name: str) -> Instants:
    return np.asarray(rows[name].to_numpy(), np.int64)


def _floats(rows: pa.Table, name: str) -> Floats:
    if name not in rows.column_names:
        return np.full(rows.num_rows, np.nan)
    return np.asarray(rows[name].to_numpy(), np.float64)
