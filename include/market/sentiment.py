"""Crypto fear and greed index of alternative.me."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from include.config.settings import Settings
from include.core.clock import from_ms, to_ms
from include.core.columns import FEAR_GREED
from include.core.timeframes import DAY_MS
from include.market.errors import PageError
from include.market.http import get_json, open_client
from include.market.quarantine import Refused, Sifted
from include.market.retry import Retry

LIVE_URL = "https://api.alternative.me"


def fetch_fear_greed(settings: Settings, retry: Retry, market_now: datetime, days: int = 0) -> Sifted:
    """Return the index, oldest first.

    The value of a day is published some minutes into it and may be corrected during the day, so
    `known_at` is the next 00:00 UTC: the earliest instant at which no use can look ahead.

    Parameters
    ----------
    settings : Settings
        Where the source is.
    retry : Retry
        Retries of the request.
    market_now : datetime
        Values of later days are refused.
    days : int
        Newest days wanted, 0 for all.

    Raises
    ------
    PageError, TransientError
        The source answered something else than a list, or failed more often than the retries allow.
    """
    with open_client(settings, settings.endpoint("fear_greed") or LIVE_URL) as client:
        document = retry(lambda: _document(client, days))
    request = f"fng limit={days}"
    now_ms = to_ms(market_now)
    rows: dict[int, dict[str, Any]] = {}
    refused = []
    for record in document:
        row = _row(record)
        reason = _reason(row, rows, now_ms)
        if row is None or reason:
            refused.append(Refused(FEAR_GREED.name, "fear_greed", reason, record, request))
        else:
            rows[row["timestamp"]] = row
    table = pa.Table.from_pylist([_instants(rows[day]) for day in sorted(rows)], schema=FEAR_GREED.schema)
    return Sifted(table, tuple(refused))


def _document(client: Any, days: int) -> list[Any]:
    document = get_json(client, "/fng/", {"limit": days, "format": "json"}, "fetch fear & greed")
    data = document.get("data") if isinstance(document, Mapping) else None
    if not isinstance(data, list):
        raise PageError(f"Fear & greed must come as a list `data`, was {str(document)[:120]!r}.", document)
    return data


def _row(record: Any) -> dict[str, Any] | None:
    """Day, value and word of a record, None when it has another shape."""
    try:
        seconds, value, word = (str(record[name]) for name in ("timestamp", "value", "value_classification"))
    except (KeyError, TypeError):
        return None
    if not (seconds.isascii() and seconds.isdecimal() and value.isascii() and value.isdecimal()):
        return None
    return {"timestamp": int(seconds) * 1000, "value": int(value), "classification": word}


def _reason(row: dict[str, Any] | None, rows: Mapping[int, dict[str, Any]], now_ms: int) -> str:
    if row is None:
        return "shape"
    if row["timestamp"] % DAY_MS:
        return "off_grid"
    if row["timestamp"] > now_ms:
        return "future"
    if rows.get(row["timestamp"], row) != row:
        return "conflicting_duplicate"
    return "" if 0 <= row["value"] <= 100 else "out_of_range"


def _instants(row: dict[str, Any]) -> dict[str, Any]:
    day = row["timestamp"]
    return {**row, "timestamp": from_ms(day), "known_at": from_ms(day + DAY_MS)}
