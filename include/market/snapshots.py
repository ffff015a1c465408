"""Ticker and order book of one perpetual as they stand now: there is no history of them to fetch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from include.core.clock import from_ms
from include.core.columns import SNAPSHOTS
from include.core.errors import InvalidInputError
from include.core.timeframes import MINUTE_MS
from include.market import binanceusdm, bybit
from include.market.cells import read_decimals, read_integers
from include.market.endpoint import Call
from include.market.pages import CheckedPage, Span

DEPTH_SHARE = 0.01
_BPS = 10_000.0
# a book older than this, or later by so much than the exchange's own clock, was not made for this request
_CLOCK_TOLERANCE_MS = 5 * MINUTE_MS

Levels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How a venue is asked, and where in its answers the numbers stand."""

    ticker: Call
    book: Call
    ticker_path: tuple[str | int, ...]
    book_path: tuple[str | int, ...]
    last: str
    quote_volume: str
    bids: str
    asks: str
    time: str
    symbol: str


def _spelling(venue: str, market_id: str) -> _Spelling:
    if venue == binanceusdm.VENUE:
        market = {"symbol": market_id}
        return _Spelling(
            ticker=Call("fapiPublicGetTicker24hr", market, "weight", 1),
            book=Call("fapiPublicGetDepth", {**market, "limit": 500}, "weight", 10),
            ticker_path=(),
            book_path=(),
            last="lastPrice",
            quote_volume="quoteVolume",
            bids="bids",
            asks="asks",
            time="E",
            symbol="symbol",
        )
    if venue == bybit.VENUE:
        market = {"category": bybit.CATEGORY, "symbol": market_id}
        return _Spelling(
            ticker=Call("publicGetV5MarketTickers", market, "requests"),
            book=Call("publicGetV5MarketOrderbook", {**market, "limit": 500}, "requests"),
            ticker_path=("result", "list", 0),
            book_path=("result",),
            last="lastPrice",
            quote_volume="turnover24h",
            bids="b",
            asks="a",
            time="ts",
            symbol="symbol",
        )
    raise InvalidInputError(f"`venue` must be binanceusdm or bybit, was {venue!r}.")


def snapshot_calls(venue: str, market_id: str) -> tuple[Call, Call]:
    """Return the requests of one snapshot: the ticker, and the order book."""
    spelling = _spelling(venue, market_id)
    return spelling.ticker, spelling.book


def read_snapshot(market_id: str, ticker: Any, book: Any, span: Span) -> CheckedPage:
    """Return one row of `snapshots`, or the refused pair of answers with its reason.

    Parameters
    ----------
    market_id : str
        The venue's spelling of the symbol.
    ticker, book : object
        The answers to `snapshot_calls`.
    span : Span
        Venue, symbol and the exchange's clock.

    Returns
    -------
    CheckedPage
        One row, or one refused ``{"ticker": …, "book": …}`` with the reason `shape`, `wrong_symbol`, `not_numeric`,
        `not_finite`, `not_positive`, `empty_book`, `crossed_book`, or `stale` or `future`: five minutes from the
        exchange's clock. No row and a count of 0: the venue keeps no book of that market.

    Notes
    -----
    The depth is what the page of the book shows within 1 % of the middle; of a deep book it shows less.
    """
    spelling = _spelling(span.venue, market_id)
    shown = _inside(book, spelling.book_path)
    if isinstance(shown, Mapping) and shown.get(spelling.bids) == [] == shown.get(spelling.asks):
        return CheckedPage(SNAPSHOTS.schema.empty_table(), (), None, 0)
    reason, row = _judge(spelling, market_id, ticker, book, span)
    rows = [] if reason else [row]
    refused = ((reason, {"ticker": ticker, "book": book}),) if reason else ()
    newest_ms = None if reason else int(row["timestamp"].timestamp() * 1000)
    return CheckedPage(pa.Table.from_pylist(rows, schema=SNAPSHOTS.schema), refused, newest_ms, 1)


def _judge(spelling: _Spelling, market_id: str, ticker: Any, book: Any, span: Span) -> tuple[str, dict[str, Any]]:
    told, shown = _inside(ticker, spelling.ticker_path), _inside(book, spelling.book_path)
    if not isinstance(told, Mapping) or not isinstance(shown, Mapping):
        return "shape", {}
    if told.get(spelling.symbol) != market_id:
        return "wrong_symbol", {}
    sides: list[Any] = [shown.get(spelling.bids), shown.get(spelling.asks)]
    if not all(isinstance(side, list) and all(isinstance(e, list) and len(e) >= 2 for e in side) for side in sides):
        return "shape", {}
    time = read_integers([shown.get(spelling.time)])
    scalars = read_decimals([told.get(spelling.last), told.get(spelling.quote_volume) or None])
    levels = [read_decimals([cell for entry in side for cell in entry[:2]]) for side in sides]
    required = [time.absent[0] | time.unreadable[0], scalars.absent[0], *scalars.unreadable]
    if any(required) or any(cells.absent.any() or cells.unreadable.any() for cells in levels):
        return "not_numeric", {}
    bids, asks = (cells.values.reshape(-1, 2) for cells in levels)
    last, volume = float(scalars.values[0]), None if scalars.absent[1] else float(scalars.values[1])
    reason = _broken(bids, asks, last, volume or 0.0, int(time.values[0]), span.now_ms)
    return (reason, {}) if reason else ("", _row(span, int(time.values[0]), last, volume, bids, asks))


def _inside(document: Any, path: tuple[str | int, ...]) -> Any:
    for place in path:
        try:
            document = document[place]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _broken(bids: Levels, asks: Levels, last: float, volume: float, time_ms: int, now_ms: int) -> str:
    numbers = np.concatenate([bids.ravel(), asks.ravel(), [last]])
    rules = {
        "not_finite": not np.isfinite([*numbers, volume]).all(),
        "not_positive": bool((numbers <= 0).any()) or volume < 0,
        "empty_book": not len(bids) or not len(asks),
        "crossed_book": len(bids) and len(asks) and bids[:, 0].max() >= asks[:, 0].min(),
        "stale": time_ms < now_ms - _CLOCK_TOLERANCE_MS,
        "future": time_ms > now_ms + _CLOCK_TOLERANCE_MS,
    }
    return next((reason for reason, is_broken in rules.items() if is_broken), "")


def _row(span: Span, time_ms: int, last: float, volume: float | None, bids: Levels, asks: Levels) -> dict[str, Any]:
    bid, ask = float(bids[:, 0].max()), float(asks[:, 0].min())
    middle = (bid + ask) / 2
    return {
        "venue": span.venue,
        "symbol": span.symbol,
        "timestamp": from_ms(time_ms),
        "last": last,
        "bid": bid,
        "ask": ask,
        "spread_bps": (ask - bid) / middle * _BPS,
        "bid_depth_usd": _value(bids[bids[:, 0] >= middle * (1 - DEPTH_SHARE)]),
        "ask_depth_usd": _value(asks[asks[:, 0] <= middle * (1 + DEPTH_SHARE)]),
        "quote_volume_24h": volume,
        "known_at": from_ms(time_ms),
    }


def _value(levels: Levels) -> float:
    return float((levels[:, 0] * levels[:, 1]).sum())
