"""The pager: from a first to a last instant, page by page, with progress enforced and no silent end.

ccxt's own pagination is not used: it loses records without an error (one empty page in the middle
ends it; fundings every 4 h lose a third).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa

from include.market.errors import PageError
from include.market.pages import CheckedPage, Span
from include.market.quarantine import Refused
from include.market.retry import Retry


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One paged endpoint.

    Parameters
    ----------
    source : str
        Lake table its records are meant for.
    limit : int
        Rows of a full page.
    step_ms : int
        Smallest distance of two records: a candle's length, 1 where records have no grid.
    slack_ms : int
        A page that reaches this close to the end reached the end.
    get : callable
        ``get(start_ms or None, end_ms, limit) -> (page, request text)``; without a start, the newest
        `limit` records at or before `end_ms`. Errors are already translated.
    check : callable
        ``check(page, span) -> CheckedPage``.
    """

    source: str
    limit: int
    step_ms: int
    slack_ms: int
    get: Callable[[int | None, int, int], tuple[object, str]]
    check: Callable[[object, Span], CheckedPage]


@dataclass(frozen=True, slots=True)
class Fetched:
    """Good rows of all pages and the refused ones; `reached_ms` is the newest event time seen, None for none."""

    rows: pa.Table
    refused: tuple[Refused, ...]
    reached_ms: int | None


def fetch_all(endpoint: Endpoint, span: Span, retry: Retry) -> Fetched:
    """Return every record of `span`, oldest first.

    An empty page ends the walk only after a second request, for the newest record before the end,
    has confirmed that nothing follows: then the symbol ended, or its feed stands still, and
    `reached_ms` says where. When that request does find a later record the empty page was wrong and
    is asked for again.

    Raises
    ------
    PageError
        Pages kept coming empty where records exist, or without progress.
    TransientError, SymbolUnavailableError, …
        As `get` raises them.
    """
    tables: list[pa.Table] = []
    refused: list[Refused] = []
    cursor, reached = span.start_ms, None
    while cursor <= span.end_ms:
        page, request = retry(partial(_page, endpoint, replace(span, start_ms=cursor)))
        refused += [Refused(endpoint.source, span.symbol, reason, row, request) for reason, row in page.refused]
        if page.newest_ms is None:
            break
        tables.append(page.rows)
        reached = page.newest_ms
        cursor = reached + endpoint.step_ms
        if reached + endpoint.slack_ms >= span.end_ms and page.count < endpoint.limit:
            break
    empty = endpoint.check([], span).rows
    return Fetched(pa.concat_tables(tables) if tables else empty, tuple(refused), reached)


def _page(endpoint: Endpoint, span: Span) -> tuple[CheckedPage, str]:
    wanted = min(endpoint.limit, (span.end_ms - span.start_ms) // endpoint.step_ms + 1)
    raw, request = endpoint.get(span.start_ms, span.end_ms, wanted)
    page = endpoint.check(raw, span)
    if page.newest_ms is not None:
        return page, request
    if page.count:
        reasons = ", ".join(sorted({reason for reason, _ in page.refused}))
        raise PageError(f"A page of {span.symbol} made no progress: {page.count} rows, none usable ({reasons}).")
    newest = _newest(endpoint, span)
    if newest is not None and newest >= span.start_ms:
        raise PageError(f"A page of {span.symbol} came empty, but the venue has later records. Asked: {request}.")
    return page, request


def _newest(endpoint: Endpoint, span: Span) -> int | None:
    raw, _ = endpoint.get(None, span.end_ms, 1)
    return endpoint.check(raw, replace(span, start_ms=0)).newest_ms
