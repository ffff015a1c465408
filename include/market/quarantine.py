"""Records that the boundary refused: kept as they came, with the reason, never mixed with the good ones."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from include.core.columns import QUARANTINE

_PAYLOAD_LIMIT = 4_000


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused record: which table it was meant for, whose it is, why, what it was, what brought it."""

    source: str
    subject: str
    reason: str
    payload: Any
    request: str


@dataclass(frozen=True, slots=True)
class Sifted:
    """Good rows with their table's schema, and the refused records."""

    rows: pa.Table
    refused: tuple[Refused, ...]


def quarantine_rows(refused: Iterable[Refused], seen_at: datetime) -> pa.Table:
    """Return the rows of the quarantine table for `refused`, each record once."""
    rows = {row["record_sha256"]: row for row in (_row(record, seen_at) for record in refused)}
    return pa.Table.from_pylist(list(rows.values()), schema=QUARANTINE.schema)


def _row(record: Refused, seen_at: datetime) -> dict[str, Any]:
    payload = json.dumps(record.payload)  # ASCII: a lone surrogate would not be storable
    identity = f"{record.source}\x1f{record.subject}\x1f{payload}\x1f{record.request}"
    return {
        "source": record.source,
        "subject": record.subject,
        "reason": record.reason,
        "payload": payload[:_PAYLOAD_LIMIT],
        "request": record.request,
        "seen_at": seen_at,
        "record_sha256": hashlib.sha256(identity.encode()).hexdigest(),
    }
