"""The pager: from a first to a last instant, page by page, with progress enforced and no silent end.

ccxt's own pagination is not used: it loses records without an error (one empty page in the middle
ends it; fundings every 4 h lose a third).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa

from include.market.endpoint import Call, Endpoint
from include.market.errors import PageError
from include.market.pages import CheckedPage, Span
from include.market.quarantine import Refused
from include.market.venue import Venue


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a walk.

    Parameters
    ----------
    rows : pyarrow.Table
        Good rows, oldest first.
    refused : tuple of Refused
        Refused rows, and whole pages that were refused before this one came.
    reached_ms : int or None
        Newest event time seen, None for an empty page.
    next_ms : int or None
        Where the walk goes on, None: it ended here.
    """

    rows: pa.Table
    refused: tuple[Refused, ...]
    reached_ms: int | None
    next_ms: int | None


async def walk(venue: Venue, endpoint: Endpoint, span: Span, known_ms: int | None = None) -> AsyncIterator[Page]:
    """Yield every page of `span`, oldest first.

    An empty page is believed only after a second request, for the newest record before the end of what was asked,
    has confirmed it: then the symbol ended, or its feed stands still, or the venue has nothing in that window. When
    that request finds a later record, or not even one that was seen before, the empty page was wrong: it is
    quarantined and asked for again, as is any page that is no list, is no document or makes no progress.

    Parameters
    ----------
    venue : Venue
        Who is asked, at its pace, with its retries.
    endpoint : Endpoint
        What is asked.
    span : Span
        First and last event time; the start is rounded up to the endpoint's grid.
    known_ms : int or None
        Newest event time at or before the end of the span that the venue is known to have.

    Raises
    ------
    PageError
        Pages kept coming wrong; the quarantine has them in `refused` of the error.
    TransientError, SymbolUnavailableError, …
        As `Venue.ask` raises them.
    """
    start: int | None = -(-span.start_ms // endpoint.step_ms) * endpoint.step_ms
    while start is not None and start <= span.end_ms:
        page = await _page(venue, endpoint, span, start, known_ms)
        yield page
        start, known_ms = page.next_ms, page.reached_ms or known_ms


async def _page(venue: Venue, endpoint: Endpoint, span: Span, start: int, known_ms: int | None) -> Page:
    last = span.end_ms if endpoint.window_ms is None else min(start + endpoint.window_ms - 1, span.end_ms)
    asked = replace(span, start_ms=start, end_ms=last)
    wanted = min(endpoint.limit, (last - start) // endpoint.step_ms + 1)
    call = endpoint.call(start, last, wanted)
    refused: list[Refused] = []

    async def attempt() -> CheckedPage:
        try:
            return await _checked(venue, endpoint, asked, call, known_ms)
        except PageError as error:
            refused.append(Refused(endpoint.source, span.symbol, error.reason, error.payload, request_text(call)))
            raise

    try:
        checked = await venue.retry.again(attempt)
    except PageError as error:
        error.refused = tuple(refused)
        raise
    rows = [Refused(endpoint.source, span.symbol, reason, row, request_text(call)) for reason, row in checked.refused]
    following = _following(endpoint, span, last, checked)
    return Page(checked.rows, (*refused, *rows), checked.newest_ms, following)


def request_text(call: Call) -> str:
    """Return a request as the quarantine names it."""
    return f"{call.method} {dict(call.params)}"


async def _checked(venue: Venue, endpoint: Endpoint, asked: Span, call: Call, known_ms: int | None) -> CheckedPage:
    doing = f"fetch {endpoint.source} of {asked.symbol}"

    def judge(document: Any) -> CheckedPage:
        page = endpoint.check(endpoint.unwrap(document), asked)
        if page.newest_ms is None and page.count:
            reasons = ", ".join(sorted({reason for reason, _ in page.refused}))
            raise PageError(
                f"A page of {asked.symbol} made no progress: {page.count} rows, none usable ({reasons}).",
                document,
                "no_progress",
            )
        return page

    page = await venue.ask(call, doing, judge)
    if page.newest_ms is None:
        newest = await venue.ask(endpoint.call(None, asked.end_ms, 1), doing, partial(_newest, endpoint, asked))
        has_later = newest is not None and newest >= asked.start_ms
        lost_known = known_ms is not None and known_ms <= asked.end_ms and (newest is None or newest < known_ms)
        if has_later or lost_known:
            told = f"A page of {asked.symbol} came empty, but the venue has later records. Asked: {request_text(call)}."
            raise PageError(told, [], "empty_page")
    return page


def _newest(endpoint: Endpoint, asked: Span, document: Any) -> int | None:
    return endpoint.check(endpoint.unwrap(document), replace(asked, start_ms=0)).newest_ms


def _following(endpoint: Endpoint, span: Span, last: int, page: CheckedPage) -> int | None:
    if page.newest_ms is None:
        return last + 1 if last < span.end_ms else None
    reached_end = page.newest_ms + endpoint.slack_ms >= span.end_ms and page.count < endpoint.limit
    following = page.newest_ms + endpoint.step_ms
    return None if reached_end or following > span.end_ms else following
