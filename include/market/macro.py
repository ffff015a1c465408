"""Daily macro series of FRED with all their vintages, those that the macro features use.

FRED answers with real-time periods: the days between which it published a value. The first of them is the value's
vintage. A period that began before the days that were asked for is cut off, and says nothing of its beginning.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import httpx
import pyarrow as pa

from include.config.settings import Settings
from include.core.columns import MACRO
from include.core.errors import ConfigurationError
from include.market.errors import PageError
from include.market.http import get_json, open_client
from include.market.publication import PUBLICATION_TIME, Release, known_at
from include.market.quarantine import Refused, Sifted
from include.market.retry import Retry

LIVE_URL = "https://api.stlouisfed.org"

# dollar index, 10 and 2 year yields, 10 year real yield, volatility index, policy rate
SERIES: dict[str, Release] = {
    "DTWEXBGS": Release.H10,
    "DGS10": Release.DAILY,
    "DGS2": Release.DAILY,
    "DFII10": Release.DAILY,
    "VIXCLS": Release.DAILY,
    "FEDFUNDS": Release.MONTHLY,
}
# a year and a half before the venue's first perpetual: enough to warm every feature up
EARLIEST = datetime(2018, 1, 1, tzinfo=UTC)
_MISSING = "."  # FRED's spelling of a day without a value
_LAST_DAY = "9999-12-31"
# FRED refuses more than 2,000 vintages in one request, and there is one a day at most
_WINDOW = timedelta(days=2_000)
_PAGE_LIMIT = 100_000


class _Value(NamedTuple):
    """What FRED said of a day from a vintage on; `value` None: nothing."""

    date: datetime
    vintage: datetime
    value: float | None
    record: Any
    request: str


def open_fred(settings: Settings) -> httpx.Client:
    """Return a client of FRED.

    Raises
    ------
    ConfigurationError
        Live mode without `PERPETUA_FRED_API_KEY`.
    """
    key = settings.fred_api_key.get_secret_value() or ("sandbox" if settings.is_sandbox else "")
    if not key:
        raise ConfigurationError(
            "`PERPETUA_FRED_API_KEY` must be set in live mode, was empty. "
            "Hint: a key is free at https://fred.stlouisfed.org/docs/api/api_key.html."
        )
    client = open_client(settings, settings.endpoint("fred") or LIVE_URL)
    client.params = client.params.merge({"api_key": key, "file_type": "json"})
    return client


def fetch_series(
    client: httpx.Client, retry: Retry, series: str, market_now: datetime, since: datetime = EARLIEST
) -> Sifted:
    """Return every value of `series` that was first published on `since` or later, one row per day and vintage.

    A value that FRED replaced later stays, with the vintage from which it was known; a feature of the past uses the
    one known then. `known_at` is 22:00 UTC of the vintage's day, and not before the series' release rule
    (`publication.known_at`). Days without a value are left out.

    Parameters
    ----------
    client : httpx.Client
        From `open_fred`.
    retry : Retry
        Retries of each request.
    series : str
        A key of `SERIES`.
    market_now : datetime
        Observations and vintages of later days are refused.
    since : datetime
        First vintage; at `EARLIEST`, everything about the days from then on.

    Returns
    -------
    Sifted
        Refused records have the reason `shape`, `not_finite`, `future`, `inconsistent` (published before its day) or
        `conflicting_duplicate`.

    Raises
    ------
    InvalidInputError
        FRED does not know the series.
    PageError, TransientError
        FRED failed more often than the retries allow, or answered something else than a list.
    """
    values: list[_Value] = []
    refused: list[Refused] = []
    for start, end in _windows(since, market_now):
        request = {
            "series_id": series,
            "observation_start": EARLIEST.date().isoformat(),
            "realtime_start": start,
            "realtime_end": end,
        }
        for record in _observations(client, retry, request, series):
            value, reason = _read(record, market_now, f"observations {request}")
            if value is None or reason:
                refused.append(Refused(MACRO.name, series, reason, record, f"observations {request}"))
            else:
                values.append(value)
    kept, conflicting = _vintages(values, None if since <= EARLIEST else since)
    refused += [Refused(MACRO.name, series, "conflicting_duplicate", v.record, v.request) for v in conflicting]
    rows = [_row(series, value) for value in kept]
    return Sifted(pa.Table.from_pylist(rows, schema=MACRO.schema), tuple(refused))


def _windows(since: datetime, market_now: datetime) -> Iterator[tuple[str, str]]:
    """Yield the first and last day of consecutive real-time periods that FRED answers whole."""
    start = since
    while start + _WINDOW <= market_now:
        yield start.date().isoformat(), (start + _WINDOW - timedelta(days=1)).date().isoformat()
        start += _WINDOW
    yield start.date().isoformat(), _LAST_DAY


def _observations(client: httpx.Client, retry: Retry, request: Mapping[str, str], series: str) -> list[Any]:
    records: list[Any] = []
    while True:
        asked = {**request, "limit": _PAGE_LIMIT, "offset": len(records)}
        page, count = retry(lambda asked=asked: _page(client, asked, series))  # type: ignore[misc]  # bound, called now
        records += page
        if len(records) >= count or not page:
            return records


def _page(client: httpx.Client, request: Mapping[str, str | int], series: str) -> tuple[list[Any], int]:
    document = get_json(client, "/fred/series/observations", request, f"fetch {series} of FRED")
    observations = document.get("observations") if isinstance(document, Mapping) else None
    if not isinstance(observations, list):
        told = str(document)[:120]
        raise PageError(f"FRED must answer a list `observations` for {series}, was {told!r}.", document)
    count = document.get("count", len(observations))
    return observations, count if isinstance(count, int) else len(observations)


def _read(record: Any, market_now: datetime, request: str) -> tuple[_Value | None, str]:
    """Return what a record says, and the reason for which it is refused, empty for none."""
    try:
        day, vintage = (
            datetime.strptime(record[name], "%Y-%m-%d").replace(tzinfo=UTC) for name in ("date", "realtime_start")
        )
        text = record["value"]
        value = None if text == _MISSING else float(text)
    except (KeyError, TypeError, ValueError):
        return None, "shape"
    if value is not None and not math.isfinite(value):
        return None, "not_finite"
    if max(day, vintage) > market_now:
        return None, "future"
    return _Value(day, vintage, value, record, request), "" if vintage >= day else "inconsistent"


def _vintages(values: list[_Value], cut: datetime | None) -> tuple[list[_Value], list[_Value]]:
    """Return the values that say something new of their day, and those that contradict each other.

    Where the periods were cut, at `cut` or between two requests, a value is told again without being new.
    """
    contents: dict[tuple[datetime, datetime], set[float | None]] = {}
    for value in values:
        contents.setdefault((value.date, value.vintage), set()).add(value.value)
    conflicting = [value for value in values if len(contents[value.date, value.vintage]) > 1]
    sound = [value for value in values if len(contents[value.date, value.vintage]) == 1]
    ordered = sorted(sound, key=lambda value: (value.date, value.vintage))
    new = [
        value
        for before, value in pairwise([None, *ordered])
        if before is None or value is None or (before.date, before.value) != (value.date, value.value)
    ]
    return [value for value in new if value and value.value is not None and value.vintage != cut], conflicting


def _row(series: str, value: _Value) -> dict[str, Any]:
    known = max(known_at(SERIES[series], value.date), value.vintage + PUBLICATION_TIME)
    return {
        "series": series,
        "date": value.date,
        "value": value.value,
        "vintage": value.vintage,
        "known_at": known,
    }
