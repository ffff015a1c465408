"""What the pager needs to know of one endpoint of a venue: data that says what to ask and how to read the answer.

Sending requests, waiting, retrying and walking do not belong here (`pager.py`, `budget.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from include.market.pages import CheckedPage, Span


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a venue.

    Parameters
    ----------
    method : str
        Implicit method of the ccxt client, such as `fapiPublicGetKlines`.
    params : mapping
        Its parameters, in the venue's own spelling.
    family : str
        Family of the venue's request budget that it draws on.
    weight : int
        What it costs there.
    """

    method: str
    params: Mapping[str, str | int]
    family: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One paged endpoint for one symbol or series.

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
    call : callable
        ``call(start_ms or None, end_ms, limit) -> Call``; without a start, the newest `limit` records at or before
        `end_ms`.
    unwrap : callable
        ``unwrap(document) -> rows``: the list inside the venue's envelope; raises `PageError` where there is none.
    check : callable
        ``check(rows, span) -> CheckedPage``.
    window_ms : int or None
        Longest span of one request: a venue that answers the newest rows of a longer one would lose the oldest.
    history_ms : int or None
        How far back the venue keeps records; None: since the listing.
    """

    source: str
    limit: int
    step_ms: int
    slack_ms: int
    call: Callable[[int | None, int, int], Call]
    unwrap: Callable[[Any], Any]
    check: Callable[[Any, Span], CheckedPage]
    window_ms: int | None = None
    history_ms: int | None = None
