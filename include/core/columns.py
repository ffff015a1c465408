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


_VENUE = Column("venue", pa.string(), "venue by its ccxt id, such as binanceusdm")
_SYMBOL = Column("symbol", pa.string(), "unified symbol, such as BTC/USDT:USDT")
_TIMEFRAME = Column("timeframe", pa.string(), "ccxt timeframe, such as 4h")


def _known_at(rule: str) -> Column:
    return Column("known_at", INSTANT, f"first instant at which the record may be used: {rule}", "UTC")


CANDLES = Table(
    "candles",
    "Closed candles of perpetuals.",
    (
        _VENUE,
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
        _known_at("its close, open_time + timeframe"),
    ),
    key=("venue", "symbol", "timeframe", "open_time"),
    time_column="open_time",
)

FUNDING_RATES = Table(
    "funding_rates",
    "Settled funding of perpetuals.",
    (
        _VENUE,
        _SYMBOL,
        Column("funding_time", INSTANT, "settlement, rounded to the minute", "UTC"),
        Column("funding_rate", pa.float64(), "rate of the settlement; positive: longs pay", "fraction"),
        Column("mark_price", pa.float64(), "mark price at the settlement", "quote per base", nullable=True),
        _known_at("its settlement"),
    ),
    key=("venue", "symbol", "funding_time"),
    time_column="funding_time",
)

PRICE_CANDLES = Table(
    "price_candles",
    "Closed candles of prices that are not traded: mark, index and premium index.",
    (
        _VENUE,
        _SYMBOL,
        Column("price", pa.string(), "mark, index or premium"),
        _TIMEFRAME,
        Column("open_time", INSTANT, "start of the candle", "UTC"),
        Column("open", pa.float64(), "first price; of the premium, a fraction of the index price", "quote per base"),
        Column("high", pa.float64(), "highest price", "quote per base"),
        Column("low", pa.float64(), "lowest price", "quote per base"),
        Column("close", pa.float64(), "last price", "quote per base"),
        _known_at("its close, open_time + timeframe"),
    ),
    key=("venue", "symbol", "price", "timeframe", "open_time"),
    time_column="open_time",
)

OPEN_INTEREST = Table(
    "open_interest",
    "Open interest of perpetuals; the venue keeps 30 days of it.",
    (
        _VENUE,
        _SYMBOL,
        _TIMEFRAME,
        Column("timestamp", INSTANT, "instant of the value", "UTC"),
        Column("open_interest", pa.float64(), "open contracts", "base"),
        Column("open_interest_value", pa.float64(), "their value", "quote", nullable=True),
        _known_at("its timestamp"),
    ),
    key=("venue", "symbol", "timeframe", "timestamp"),
    time_column="timestamp",
)

LONG_SHORT_RATIO = Table(
    "long_short_ratio",
    "Accounts that are long over accounts that are short; the venue keeps 30 days of it.",
    (
        _VENUE,
        _SYMBOL,
        _TIMEFRAME,
        Column("timestamp", INSTANT, "instant of the value", "UTC"),
        Column("long_short_ratio", pa.float64(), "long accounts per short account"),
        Column("long_share", pa.float64(), "share of accounts that are long", "fraction", nullable=True),
        Column("short_share", pa.float64(), "share of accounts that are short", "fraction", nullable=True),
        _known_at("its timestamp"),
    ),
    key=("venue", "symbol", "timeframe", "timestamp"),
    time_column="timestamp",
)

TAKER_RATIO = Table(
    "taker_ratio",
    "What takers bought over what they sold; the venue keeps 30 days of it.",
    (
        _VENUE,
        _SYMBOL,
        _TIMEFRAME,
        Column("timestamp", INSTANT, "start of the period", "UTC"),
        Column("taker_ratio", pa.float64(), "taker buys per taker sell"),
        Column("taker_buy_volume", pa.float64(), "amount bought by takers", "base"),
        Column("taker_sell_volume", pa.float64(), "amount sold by takers", "base"),
        _known_at("the end of the period"),
    ),
    key=("venue", "symbol", "timeframe", "timestamp"),
    time_column="timestamp",
)

BASIS = Table(
    "basis",
    "Price of the perpetual over the index price; the venue keeps 30 days of it.",
    (
        _VENUE,
        _SYMBOL,
        _TIMEFRAME,
        Column("timestamp", INSTANT, "instant of the value", "UTC"),
        Column("basis", pa.float64(), "price of the perpetual minus the index price", "quote per base"),
        Column("basis_rate", pa.float64(), "basis over the index price", "fraction"),
        Column("futures_price", pa.float64(), "price of the perpetual", "quote per base"),
        Column("index_price", pa.float64(), "index price", "quote per base"),
        _known_at("its timestamp"),
    ),
    key=("venue", "symbol", "timeframe", "timestamp"),
    time_column="timestamp",
)

SNAPSHOTS = Table(
    "snapshots",
    "Ticker and order book as they stood when they were asked for; there is no history of them to fetch.",
    (
        _VENUE,
        _SYMBOL,
        Column("timestamp", INSTANT, "the exchange's clock when it answered", "UTC"),
        Column("last", pa.float64(), "last traded price", "quote per base"),
        Column("bid", pa.float64(), "best bid", "quote per base"),
        Column("ask", pa.float64(), "best ask", "quote per base"),
        Column("spread_bps", pa.float64(), "ask minus bid over their middle", "basis points"),
        Column("bid_depth_usd", pa.float64(), "value of the bids of the page within 1 % of the middle", "quote"),
        Column("ask_depth_usd", pa.float64(), "value of the asks of the page within 1 % of the middle", "quote"),
        Column("quote_volume_24h", pa.float64(), "traded value of the last 24 hours", "quote", nullable=True),
        _known_at("its timestamp"),
    ),
    key=("venue", "symbol", "timestamp"),
    time_column="timestamp",
)

FEAR_GREED = Table(
    "fear_greed",
    "Crypto fear and greed index of alternative.me.",
    (
        Column("timestamp", INSTANT, "day of the value", "UTC"),
        Column("value", pa.int64(), "0 extreme fear … 100 extreme greed"),
        Column("classification", pa.string(), "the source's word for the value"),
        _known_at("the next 00:00 UTC"),
    ),
    key=("timestamp",),
    time_column="timestamp",
)

MACRO = Table(
    "macro",
    "Daily macro series of FRED, every value that FRED ever published for a day.",
    (
        Column("series", pa.string(), "FRED series id, such as DGS10"),
        Column("date", INSTANT, "observation day, at 00:00", "UTC"),
        Column("vintage", INSTANT, "first day on which FRED published this value, at 00:00", "UTC"),
        Column("value", pa.float64(), "observation", "the series' own"),
        _known_at("22:00 UTC of the vintage, and not before the release rule of the series"),
    ),
    key=("series", "date", "vintage"),
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

GAPS = Table(
    "gaps",
    "Runs of records that are missing, what was done about them, and what became of them.",
    (
        Column("source", pa.string(), "table with the gap"),
        Column("venue", pa.string(), "venue by its ccxt id, empty for sources that are no venue"),
        Column("subject", pa.string(), "symbol or series"),
        Column("timeframe", pa.string(), "timeframe of the records, empty where they have none"),
        Column("first_missing", INSTANT, "event time of the first missing record", "UTC"),
        Column("last_missing", INSTANT, "event time of the last missing record", "UTC"),
        Column("missing_count", pa.int64(), "records missing in the run"),
        Column("status", pa.string(), "open, filled, or lost: it cannot be back-filled"),
        Column("reason", pa.string(), "why it has this status"),
        Column("attempts", pa.int64(), "times it was asked for again"),
        Column("found_at", INSTANT, "when it was found, exchange clock", "UTC"),
        Column("tried_at", INSTANT, "when it was last asked for, exchange clock", "UTC", nullable=True),
    ),
    key=("source", "venue", "subject", "timeframe", "first_missing"),
    time_column="first_missing",
)

OUTAGES = Table(
    "outages",
    "Times at which an outside source did not answer as it should.",
    (
        Column("source", pa.string(), "venue or series source that failed"),
        Column("kind", pa.string(), "rate_limited, unreachable, bad_answer, maintenance or stale_feed"),
        Column("began_at", INSTANT, "first failure, wall clock", "UTC"),
        Column("ended_at", INSTANT, "first good answer after it, wall clock", "UTC", nullable=True),
        Column("failures_count", pa.int64(), "answers that failed in between"),
        Column("detail", pa.string(), "the last failure in words"),
    ),
    key=("source", "kind", "began_at"),
    time_column="began_at",
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        CANDLES,
        PRICE_CANDLES,
        FUNDING_RATES,
        OPEN_INTEREST,
        LONG_SHORT_RATIO,
        TAKER_RATIO,
        BASIS,
        SNAPSHOTS,
        FEAR_GREED,
        MACRO,
        QUARANTINE,
        REVISIONS,
        GAPS,
        OUTAGES,
    )
}


def table(name: str) -> Table:
    """Return the definition of the lake table `name`."""
    try:
        return TABLES[name]
    except KeyError:
        raise InvalidInputError(f"`table` must be one of {', '.join(TABLES)}, was {name!r}.") from None
