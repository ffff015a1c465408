"""Daily macro series of FRED, those that the macro features use."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pyarrow as pa

from include.config.settings import Settings
from include.core.columns import MACRO
from include.core.errors import ConfigurationError, TransientError
from include.market.http import get_json, open_client
from include.market.publication import Release, known_at
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
    client: httpx.Client, retry: Retry, series: str, market_now: datetime, start: datetime = EARLIEST
) -> Sifted:
    """Return the observations of `series` from `start` on, oldest first.

    `known_at` follows the series' release (`publication.known_at`). Days without a value are left
    out. `vintage` is null: FRED answers with its newest revision and does not say since when.

    Parameters
    ----------
    client : httpx.Client
        From `open_fred`.
    retry : Retry
        Retries of the request.
    series : str
        A key of `SERIES`.
    market_now : datetime
        Observations of later days are refused.
    start : datetime
        First observation day.

    Raises
    ------
    InvalidInputError
        FRED does not know the series.
    TransientError
        FRED failed more often than the retries allow.
    """
    request: dict[str, str | int] = {"series_id": series, "observation_start": start.strftime("%Y-%m-%d")}
    rows, refused = {}, []
    for record in retry(lambda: _observations(client, request, series)):
        day, value, reason = _read(record, market_now)
        if reason:
            refused.append(Refused(MACRO.name, series, reason, record, f"observations {request}"))
        elif day is not None and value is not None:
            known = known_at(SERIES[series], day)
            rows[day] = {"series": series, "date": day, "value": value, "vintage": None, "known_at": known}
    return Sifted(pa.Table.from_pylist([rows[day] for day in sorted(rows)], schema=MACRO.schema), tuple(refused))


def _observations(client: httpx.Client, request: Mapping[str, str | int], series: str) -> list[Any]:
    document = get_json(client, "/fred/series/observations", request, f"fetch {series} of FRED")
    observations = document.get("observations") if isinstance(document, Mapping) else None
    if not isinstance(observations, list):
        raise TransientError(f"FRED must answer a list `observations` for {series}, was {str(document)[:120]!r}.")
    return observations


def _read(record: Any, market_now: datetime) -> tuple[datetime | None, float | None, str]:
    """Day, value and reason of refusal; no value and no reason for a day without one."""
    try:
        day = datetime.strptime(record["date"], "%Y-%m-%d").replace(tzinfo=UTC)
        text = record["value"]
        value = None if text == _MISSING else float(text)
    except (KeyError, TypeError, ValueError):
        return None, None, "shape"
    if value is not None and not math.isfinite(value):
        return day, None, "not_finite"
    return day, value, "future" if day > market_now else ""
