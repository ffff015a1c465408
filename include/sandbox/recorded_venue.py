"""One venue of a recording, opened file by file as it is asked for; what is not there is no data."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.core.timeframes import HOUR_MS, TIMEFRAMES_MS
from include.sandbox.market_data import (
    CANDLE_COLUMNS,
    BasisSeries,
    CandleSeries,
    FundingSeries,
    Listing,
    LongShortSeries,
    OpenInterestSeries,
    OrderBook,
    PriceKind,
)
from include.sandbox.numbers import decimals_of
from include.sandbox.recorded_files import by_symbol, floats, instants, last_value, sorted_table, symbols_in

# As many candles as decide the printed decimals: old ones may come from a time of another tick.
RECENT = 1500
# of a symbol that is known by its funding alone
UNKNOWN_PRICE_DECIMALS, UNKNOWN_QUANTITY_DECIMALS = 4, 0
DEFAULT_FUNDING_HOURS = 8


@dataclass(frozen=True)
class VenueFiles:
    """Where the files of a venue are and what their columns are called.

    `klines`, `open_interest` and `long_short` are patterns whose first group is the timeframe; `renamed` says which
    candle columns have another name in the files; `exchange` is the value of the funding file's column of that name.
    """

    klines: str
    funding: str
    open_interest: str | None = None
    long_short: str | None = None
    exchange: str | None = None
    renamed: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))


BINANCE = VenueFiles(
    klines=r"klines_(\w+)\.parquet",
    funding="funding_rates.parquet",
    open_interest=r"open_interest_([^_]+)(?:_\w+)?\.parquet",
    long_short=r"long_short_ratio_([^_]+)(?:_\w+)?\.parquet",
)
BYBIT = VenueFiles(
    klines=r"bybit_klines_(\w+)\.parquet",
    funding="arb_funding_binance_bybit.parquet",
    exchange="bybit",
    renamed=MappingProxyType({"quote_volume": "turnover"}),
)


class RecordedVenue:
    """A `VenueData` of recorded files.

    Parameters
    ----------
    folder : Path
        Holds the files.
    files : VenueFiles
        Which of them belong to this venue.
    """

    def __init__(self, folder: Path, files: VenueFiles) -> None:
        self._folder = folder
        self._names = files
        self.files = self._matching(files.klines)
        self._candles: dict[str, dict[str, CandleSeries]] = {}

    @property
    def end_ms(self) -> int:
        """End of the last candle of any timeframe; 0 when there is none."""
        ends = (last_value(file, "open_time") + TIMEFRAMES_MS[timeframe] for timeframe, file in self.files.items())
        return max(ends, default=0)

    def symbols(self) -> tuple[str, ...]:
        """Return every symbol of the candles and of the funding."""
        return self._symbols

    def listings(self) -> Sequence[Listing]:
        """Return what the files say of each symbol."""
        return self._listings

    def listing(self, symbol: str) -> Listing:
        """Return what the files say of a symbol: when it begins, the decimals it is printed with, its funding."""
        series = (self.candles(symbol, timeframe) for timeframe in self._by_length)
        candles = next((candles for candles in series if candles is not None), None)
        funding = self.funding(symbol)
        begins = [*(() if candles is None else candles.open_time[:1]), *(() if funding is None else funding.time[:1])]
        launched = int(min(begins))
        hours = DEFAULT_FUNDING_HOURS if funding is None else _interval_hours(funding)
        if candles is None:
            return Listing(symbol, launched, UNKNOWN_PRICE_DECIMALS, UNKNOWN_QUANTITY_DECIMALS, hours)
        recent = candles.rows(max(len(candles) - RECENT, 0), len(candles))
        prices = np.concatenate([recent.open, recent.high, recent.low, recent.close])
        return Listing(symbol, launched, decimals_of(prices), decimals_of(recent.volume), hours)

    def candles(self, symbol: str, timeframe: str) -> CandleSeries | None:
        """Return the candles of a symbol, None when there are none of that timeframe."""
        if timeframe not in self.files:
            return None
        if timeframe not in self._candles:
            self._candles[timeframe] = self._read_candles(self.files[timeframe])
        return self._candles[timeframe].get(symbol)

    def price_candles(self, symbol: str, kind: PriceKind, timeframe: str) -> CandleSeries | None:  # noqa: ARG002
        """Return None: prices that are not traded are not recorded."""
        return None

    def funding(self, symbol: str) -> FundingSeries | None:
        """Return the settlements of a symbol, None when there are none."""
        return self._funding.get(symbol)

    def open_interest(self, symbol: str, period: str) -> OpenInterestSeries | None:
        """Return the open interest of a symbol, None when there is none of that period."""
        return self._open_interest.get((symbol, period))

    def long_short(self, symbol: str, period: str) -> LongShortSeries | None:
        """Return the accounts that are long and short, None when there are none of that period."""
        return self._long_short.get((symbol, period))

    def basis(self, symbol: str, period: str) -> BasisSeries | None:  # noqa: ARG002
        """Return None: the basis is not recorded."""
        return None

    def order_book(self, symbol: str, price: float, now_ms: int) -> OrderBook | None:  # noqa: ARG002
        """Return None: order books are not recorded."""
        return None

    @cached_property
    def _symbols(self) -> tuple[str, ...]:
        found = {name for file in self.files.values() for name in symbols_in(file)}
        # the file of all exchanges lists symbols; that of one venue may hold what it does not list any more
        return tuple(sorted(found | set(self._funding if self._names.exchange else ())))

    @cached_property
    def _listings(self) -> tuple[Listing, ...]:
        return tuple(self.listing(symbol) for symbol in self._symbols)

    @cached_property
    def _by_length(self) -> list[str]:
        # longest first: the smallest file that knows the symbol
        return sorted(self.files, key=lambda timeframe: -TIMEFRAMES_MS[timeframe])

    @cached_property
    def _funding(self) -> dict[str, FundingSeries]:
        file = self._folder / self._names.funding
        if not file.exists():
            return {}
        optional = ("mark_price", "exchange")
        table = sorted_table(file, ("symbol", "funding_time"), ("funding_rate",), optional)
        if self._names.exchange is not None:
            table = table.filter(pc.equal(table["exchange"], self._names.exchange))
        return {
            symbol: FundingSeries(
                instants(rows, "funding_time"), floats(rows, "funding_rate"), floats(rows, "mark_price")
            )
            for symbol, rows in by_symbol(table)
        }

    @cached_property
    def _open_interest(self) -> dict[tuple[str, str], OpenInterestSeries]:
        columns = ("sum_open_interest", "sum_open_interest_value")
        return {
            key: OpenInterestSeries(instants(rows, "timestamp"), *(floats(rows, name) for name in columns))
            for key, rows in self._statistics(self._names.open_interest, columns).items()
        }

    @cached_property
    def _long_short(self) -> dict[tuple[str, str], LongShortSeries]:
        columns = ("long_short_ratio", "long_account", "short_account")
        return {
            key: LongShortSeries(instants(rows, "timestamp"), *(floats(rows, name) for name in columns))
            for key, rows in self._statistics(self._names.long_short, columns).items()
        }

    def _statistics(self, pattern: str | None, columns: tuple[str, ...]) -> dict[tuple[str, str], pa.Table]:
        found: dict[tuple[str, str], pa.Table] = {}
        for period, file in (self._matching(pattern) if pattern else {}).items():
            for symbol, rows in by_symbol(sorted_table(file, ("symbol", "timestamp"), columns)):
                found[symbol, period] = rows
        return found

    def _read_candles(self, file: Path) -> dict[str, CandleSeries]:
        names = [self._names.renamed.get(name, name) for name in CANDLE_COLUMNS]
        table = sorted_table(file, ("symbol", "open_time"), names[:5], names[5:])
        return {
            symbol: CandleSeries(instants(rows, "open_time"), *(floats(rows, name) for name in names))
            for symbol, rows in by_symbol(table)
        }

    def _matching(self, pattern: str) -> dict[str, Path]:
        matches = ((re.fullmatch(pattern, file.name), file) for file in sorted(self._folder.iterdir()))
        return {match[1]: file for match, file in matches if match and match[1] in TIMEFRAMES_MS}


def _interval_hours(funding: FundingSeries) -> int:
    if len(funding.time) < 2:
        return DEFAULT_FUNDING_HOURS
    return max(round(int(funding.time[-1] - funding.time[-2]) / HOUR_MS), 1)
