"""The one definition of every lake table: columns, types, units, keys.

Arrow schemas derive from it here; pandera schemas and the data dictionary derive from it elsewhere.
Checks on values do not belong here.
"""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from include.core.errors import InvalidInputError

INSTANT = pa.timestamp("ms", tz="UTC")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: Arrow type, unit and meaning; `nullable` says whether absence is allowed."""

    name: str
    type: pa.DataType
    description: str
    unit: str = ""
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """One lake table: its columns in order, the key that makes a row unique, its event-time column."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time_column: str

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema, columns in order."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(c.name for c in self.columns)


_SYMBOL = Column("symbol", pa.string(), "unified symbol, such as BTC/USDT:USDT")
_TIMEFRAME = Column("timeframe", pa.string(), "ccxt timeframe, such as 4h")
_KNOWN_AT = Column("known_at", INSTANT, "first instant at which the record may be used", "UTC")

CANDLES = Table(
    "candles",
    "Closed candles of perpetuals.",
    (
        _SYMBOL,
        _TIMEFRAME,
        Column("open_time", INSTANT, "start of the candle", "UTC"),
        Column("open", pa.float64(), "first price", "quote per base"),
        Column("high", pa.float64(), "highest price", "quote per base"),
        Column("low", pa.float64(), "lowest price", "quote per base"),
        Column("close", pa.float64(), "last price", "quote per base"),
        Column("volume", pa.float64(), "traded amount", "base"),
        Column("quote_volume", pa.float64(), "traded value", "quote", nullable=True),
        Column("trades_count", pa.int64(), "number of trades", nullable=True),
        Column("taker_buy_volume", pa.float64(), "amount bought by takers", "base", nullable=True),
        Column("taker_buy_quote_volume", pa.float64(), "value bought by takers", "quote", nullable=True),
        _KNOWN_AT,
    ),
    key=("symbol", "timeframe", "open_time"),
    time_column="open_time",
)

FUNDING_RATES = Table(
    "funding_rates",
    "Settled funding of perpetuals.",
    (
        _SYMBOL,
        Column("funding_time", INSTANT, "settlement, rounded to the minute", "UTC"),
        Column("funding_rate", pa.float64(), "rate of the settlement; positive: longs pay", "fraction"),
        Column("mark_price", pa.float64(), "mark price at the settlement", "quote per base", nullable=True),
        _KNOWN_AT,
    ),
    key=("symbol", "funding_time"),
    time_column="funding_time",
)

FEAR_GREED = Table(
    "fear_greed",
    "Crypto fear and greed index of alternative.me.",
    (
        Column("timestamp", INSTANT, "day of the value", "UTC"),
        Column("value", pa.int64(), "0 extreme fear … 100 extreme greed"),
        Column("classification", pa.string(), "the source's word for the value"),
        _KNOWN_AT,
    ),
    key=("timestamp",),
    time_column="timestamp",
)

MACRO = Table(
    "macro",
    "Daily macro series of FRED.",
    (
        Column("series", pa.string(), "FRED series id, such as DGS10"),
        Column("date", INSTANT, "observation day, at 00:00", "UTC"),
        Column("value", pa.float64(), "observation", "the series' own"),
        Column(
            "vintage",
            INSTANT,
            "first day on which FRED published this value, when the source says",
            "UTC",
            nullable=True,
        ),
        _KNOWN_AT,
    ),
    key=("series", "date"),
    time_column="date",
)

QUARANTINE = Table(
    "quarantine",
    "Rows and pages that the boundary refused, as they came.",
    (
        Column("source", pa.string(), "table the record was meant for"),
        Column("subject", pa.string(), "symbol or series"),
        Column("reason", pa.string(), "reason code"),
        Column("payload", pa.string(), "the record as it came, JSON"),
        Column("request", pa.string(), "the request that brought it"),
        Column("seen_at", INSTANT, "when it came, exchange clock", "UTC"),
        Column("record_sha256", pa.string(), "identity of the record: same payload and request, same hash"),
    ),
    key=("record_sha256",),
    time_column="seen_at",
)

REVISIONS = Table(
    "revisions",
    "Changes of records that were already stored.",
    (
        Column("source", pa.string(), "table that was changed"),
        Column("key", pa.string(), "key of the record, JSON"),
        Column("column", pa.string(), "column that changed"),
        Column("old_value", pa.string(), "stored value before", nullable=True),
        Column("new_value", pa.string(), "stored value after", nullable=True),
        Column("seen_at", INSTANT, "when the change was seen, exchange clock", "UTC"),
    ),
    key=("source", "key", "column", "seen_at"),
    time_column="seen_at",
)

TABLES: dict[str, Table] = {t.name: t for t in (CANDLES, FUNDING_RATES, FEAR_GREED, MACRO, QUARANTINE, REVISIONS)}


def table(name: str) -> Table:
    """Return the definition of the lake table `name`."""
    try:
        return TABLES[name]
    except KeyError:
        raise InvalidInputError(f"`table` must be one of {', '.join(TABLES)}, was {name!r}.") from None
