"""The one definition of every lake table: columns, types, units, keys, and the rules that every row of it keeps.

Arrow schemas derive from it here; pandera schemas, Great Expectations suites and the data dictionary derive from it
elsewhere. What needs more than one row to be judged does not belong here.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import pyarrow as pa

from include.core.errors import InvalidInputError
from include.core.timeframes import TIMEFRAMES_MS

INSTANT = pa.timestamp("ms", tz="UTC")


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    name : str
        Name.
    type : pyarrow.DataType
        Type.
    description : str
        Meaning.
    unit : str
        Unit, empty for none.
    nullable : bool
        Whether absence is allowed. What is present is finite.
    minimum, maximum : float or None
        Bounds of its values, None for none.
    is_open : bool
        The bounds themselves are no values.
    choices : tuple of str
        All values that it may have, empty for any.
    """

    name: str
    type: pa.DataType
    description: str
    unit: str = ""
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    is_open: bool = False
    choices: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """What its values may be, in words; empty for anything."""
        if self.choices:
            return ", ".join(self.choices)
        signs = (">", "<") if self.is_open else ("≥", "≤")
        bounds = zip(signs, (self.minimum, self.maximum), strict=True)
        return ", ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)


class Known(StrEnum):
    """When a record may first be used, by its event time; the value is the rule for its `known_at`."""

    AT_EVENT = "is its event time"
    AT_CLOSE = "is its event time plus its timeframe"
    NEXT_DAY = "is the next 00:00 UTC"
    LATER = "is after its event time"


@dataclass(frozen=True)
class Table:
    """One lake table.

    Parameters
    ----------
    name, description : str
        Name and meaning.
    columns : tuple of Column
        Columns in order.
    key : tuple of str
        Columns that make a row unique.
    time_column : str
        Event time.
    known : Known or None
        When a record may first be used, None for tables of Perpetua's own bookkeeping.
    at_least : tuple of (str, str)
        Pairs of columns of which the first is never below the second, where both are present.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time_column: str
    known: Known | None = None
    at_least: tuple[tuple[str, str], ...] = ()

    @property
    def subject_column(self) -> str | None:
        """Column that says whose a record is: symbol or series; None where the whole table is one series."""
        return next((name for name in ("symbol", "series") if name in self.column_names), None)

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
_TIMEFRAME = Column("timeframe", pa.string(), "ccxt timeframe, such as 4h", choices=tuple(TIMEFRAMES_MS))
_OUTAGE_KINDS = ("rate_limited", "unreachable", "bad_answer", "maintenance", "stale_feed")
_PRICE_ORDER = (("high", "low"), ("high", "open"), ("high", "close"), ("open", "low"), ("close", "low"))


def _known_at(rule: str) -> Column:
    return Column("known_at", INSTANT, f"first instant at which the record may be used: {rule}", "UTC")


def _price(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name, pa.float64(), description, "quote per base", nullable=nullable, minimum=0, is_open=True)


def _amount(name: str, description: str, unit: str, *, nullable: bool = False) -> Column:
    return Column(name, pa.float64(), description, unit, nullable=nullable, minimum=0)


def _share(name: str, description: str) -> Column:
    return Column(name, pa.float64(), description, "fraction", nullable=True, minimum=0, maximum=1)


def _fraction(name: str, description: str) -> Column:
    """A signed rate, which is below 100 % in either direction."""
    return Column(name, pa.float64(), description, "fraction", minimum=-1, maximum=1, is_open=True)


CANDLES = Table(
    "candles",
    "Closed candles of perpetuals.",
    (
        _VENUE,
        _SYMBOL,
        _TIMEFRAME,
        Column("open_time", INSTANT, "start of the candle", "UTC"),
        _price("open", "first price"),
        _price("high", "highest price"),
        _price("low", "lowest price"),
        _price("close", "last price"),
        _amount("volume", "traded amount", "base"),
        _amount("quote_volume", "traded value", "quote", nullable=True),
        Column("trades_count", pa.int64(), "number of trades", nullable=True, minimum=0),
        _amount("taker_buy_volume", "amount bought by takers", "base", nullable=True),
        _amount("taker_buy_quote_volume", "value bought by takers", "quote", nullable=True),
        _known_at("its close, open_time + timeframe"),
    ),
    key=("venue", "symbol", "timeframe", "open_time"),
    time_column="open_time",
    known=Known.AT_CLOSE,
    at_least=_PRICE_ORDER,
)

FUNDING_RATES = Table(
    "funding_rates",
    "Settled funding of perpetuals.",
    (
        _VENUE,
        _SYMBOL,
        Column("funding_time", INSTANT, "settlement, rounded to the minute", "UTC"),
        _fraction("funding_rate", "rate of the settlement; positive: longs pay"),
        _price("mark_price", "mark price at the settlement", nullable=True),
        _known_at("its settlement"),
    ),
    key=("venue", "symbol", "funding_time"),
    time_column="funding_time",
    known=Known.AT_EVENT,
)

PRICE_CANDLES = Table(
    "price_candles",
    "Closed candles of prices that are not traded: mark, index and premium index.",
    (
        _VENUE,
        _SYMBOL,
        Column("price", pa.string(), "which price", choices=("mark", "index", "premium")),
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
    known=Known.AT_CLOSE,
    at_least=_PRICE_ORDER,
)

OPEN_INTEREST = Table(
    "open_interest",
    "Open interest of perpetuals; the venue keeps 30 days of it.",
    (
        _VENUE,
        _SYMBOL,
        _TIMEFRAME,
        Column("timestamp", INSTANT, "instant of the value", "UTC"),
        _amount("open_interest", "open contracts", "base"),
        _amount("open_interest_value", "their value", "quote", nullable=True),
        _known_at("its timestamp"),
    ),
    key=("venue", "symbol", "timeframe", "timestamp"),
    time_column="timestamp",
    known=Known.AT_EVENT,
)

LONG_SHORT_RATIO = Table(
    "long_short_ratio",
    "Accounts that are long over accounts that are short; the venue keeps 30 days of it.",
    (
        _VENUE,
        _SYMBOL,
        _TIMEFRAME,
        Column("timestamp", INSTANT, "instant of the value", "UTC"),
        Column("long_short_ratio", pa.float64(), "long accounts per short account", minimum=0, is_open=True),
        _share("long_share", "share of accounts that are long"),
        _share("short_share", "share of accounts that are short"),
        _known_at("its timestamp"),
    ),
    key=("venue", "symbol", "timeframe", "timestamp"),
    time_column="timestamp",
    known=Known.AT_EVENT,
)

TAKER_RATIO = Table(
    "taker_ratio",
    "What takers bought over what they sold; the venue keeps 30 days of it.",
    (
        _VENUE,
        _SYMBOL,
        _TIMEFRAME,
        Column("timestamp", INSTANT, "start of the period", "UTC"),
        Column("taker_ratio", pa.float64(), "taker buys per taker sell", minimum=0),
        _amount("taker_buy_volume", "amount bought by takers", "base"),
        _amount("taker_sell_volume", "amount sold by takers", "base"),
        _known_at("the end of the period"),
    ),
    key=("venue", "symbol", "timeframe", "timestamp"),
    time_column="timestamp",
    known=Known.AT_CLOSE,
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
        _fraction("basis_rate", "basis over the index price"),
        _price("futures_price", "price of the perpetual"),
        _price("index_price", "index price"),
        _known_at("its timestamp"),
    ),
    key=("venue", "symbol", "timeframe", "timestamp"),
    time_column="timestamp",
    known=Known.AT_EVENT,
)

SNAPSHOTS = Table(
    "snapshots",
    "Ticker and order book as they stood when they were asked for; there is no history of them to fetch.",
    (
        _VENUE,
        _SYMBOL,
        Column("timestamp", INSTANT, "the exchange's clock when it answered", "UTC"),
        _price("last", "last traded price"),
        _price("bid", "best bid"),
        _price("ask", "best ask"),
        _amount("spread_bps", "ask minus bid over their middle", "basis points"),
        _amount("bid_depth_usd", "value of the bids of the page within 1 % of the middle", "quote"),
        _amount("ask_depth_usd", "value of the asks of the page within 1 % of the middle", "quote"),
        _amount("quote_volume_24h", "traded value of the last 24 hours", "quote", nullable=True),
        _known_at("its timestamp"),
    ),
    key=("venue", "symbol", "timestamp"),
    time_column="timestamp",
    known=Known.AT_EVENT,
    at_least=(("ask", "bid"),),
)

FEAR_GREED = Table(
    "fear_greed",
    "Crypto fear and greed index of alternative.me.",
    (
        Column("timestamp", INSTANT, "day of the value", "UTC"),
        Column("value", pa.int64(), "0 extreme fear … 100 extreme greed", minimum=0, maximum=100),
        Column("classification", pa.string(), "the source's word for the value"),
        _known_at("the next 00:00 UTC"),
    ),
    key=("timestamp",),
    time_column="timestamp",
    known=Known.NEXT_DAY,
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
    known=Known.LATER,
    at_least=(("vintage", "date"), ("known_at", "vintage")),
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
        Column("missing_count", pa.int64(), "records missing in the run", minimum=1),
        Column(
            "status",
            pa.string(),
            "what became of it; lost: it cannot be back-filled",
            choices=("open", "filled", "lost"),
        ),
        Column("reason", pa.string(), "why it has this status"),
        Column("attempts", pa.int64(), "times it was asked for again", minimum=0),
        Column("found_at", INSTANT, "when it was found, exchange clock", "UTC"),
        Column("tried_at", INSTANT, "when it was last asked for, exchange clock", "UTC", nullable=True),
    ),
    key=("source", "venue", "subject", "timeframe", "first_missing"),
    time_column="first_missing",
    at_least=(("last_missing", "first_missing"),),
)

OUTAGES = Table(
    "outages",
    "Times at which an outside source did not answer as it should.",
    (
        Column("source", pa.string(), "venue or series source that failed"),
        Column("kind", pa.string(), "how it failed", choices=_OUTAGE_KINDS),
        Column("began_at", INSTANT, "first failure, wall clock", "UTC"),
        Column("ended_at", INSTANT, "first good answer after it, wall clock", "UTC", nullable=True),
        Column("failures_count", pa.int64(), "answers that failed in between", minimum=1),
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
