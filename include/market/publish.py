"""A validated batch into the lake: merged by key, every change of a stored record written down."""

import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict

from include.config.settings import Settings
from include.core.columns import CANDLES, REVISIONS, Table, table
from include.core.files import read_json, write_json
from include.lake.changes import Changes
from include.lake.lake import Lake
from include.market.accumulation import ACCUMULATED, write_lost
from include.market.ledger import write_ledger
from include.market.staging import STAGED_TABLES, batch_folder, read_batch, read_staged, require_publishable


class TableResult(BaseModel):
    """What publishing changed in one table, and the table's version after it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inserted: int
    updated: int
    version: int


class PublishResult(BaseModel):
    """What publishing changed, whom the verdict on the batch left out and why, and what the lake holds now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tables: dict[str, TableResult]
    excluded: dict[str, tuple[str, ...]]
    candles_total: int
    symbols: int


def publish(settings: Settings, batch_id: str) -> PublishResult:
    """Merge a validated batch into the lake, without those it leaves out; doing it twice changes nothing more.

    A staged record that differs from the stored one replaces it, and each changed column becomes a
    row of `revisions`, written first. Refused records go to `quarantine`, where the first sighting
    stays; missing candles and outages to the ledgers `gaps` and `outages`.

    Raises
    ------
    MissingInputError, DataQualityError, IntegrityError
        As `staging.require_publishable`: nothing was published.
    TransientError
        Other writers were faster, again and again; publishing again goes on.
    """
    excluded = require_publishable(settings.home, batch_id).excluded
    lake, home = Lake.of(settings), settings.home
    marker = batch_folder(home, batch_id) / "published.json"
    results = {}
    if not _is_published(marker, lake):
        batch = read_batch(home, batch_id)
        for name in STAGED_TABLES:
            rows = without(table(name), read_staged(home, batch_id, name), excluded)
            result = _publish_table(lake, table(name), rows, batch.market_now)
            if result is not None:
                results[name] = result
            if name == CANDLES.name:
                write_ledger(lake, batch, rows)
        if {definition.name for definition in ACCUMULATED} & results.keys():
            write_lost(lake, batch.venue, batch.timeframe, batch.market_now)
        write_json(marker, {"versions": lake.versions()})
    candles = lake.newest("candles", ["symbol", "timeframe"], "open_time")
    return PublishResult(
        tables=results or _unchanged(lake),
        excluded=excluded,
        candles_total=lake.count("candles"),
        symbols=int(candles["symbol"].nunique()),
    )


def without(definition: Table, rows: pa.Table, excluded: Collection[str]) -> pa.Table:
    """Return `rows` of a table without those of the excluded subjects, spelled as in `CheckResult.subjects`.

    What the boundary refused of them stays: it is the evidence.
    """
    if not excluded or definition.known is None:
        return rows
    if definition.subject_column is None:
        return rows.slice(0, 0) if definition.name in excluded else rows
    whole = f"{definition.name} "
    left_out = [*excluded, *(name.removeprefix(whole) for name in excluded if name.startswith(whole))]
    return rows.filter(pc.invert(pc.is_in(rows[definition.subject_column], pa.array(left_out, pa.string()))))


def _publish_table(lake: Lake, definition: Table, rows: pa.Table, seen_at: datetime) -> TableResult | None:
    if rows.num_rows == 0:
        return None
    if definition.name == "quarantine":
        merged = lake.append(definition.name, rows)
    else:
        changes = lake.compare(definition.name, rows)
        if changes.changed.num_rows:
            lake.append(REVISIONS.name, _revisions(definition, changes, seen_at))
        merged = lake.merge(definition.name, rows)
    return TableResult(inserted=merged.inserted, updated=merged.updated, version=merged.version)


def _is_published(marker: Any, lake: Lake) -> bool:
    """An older batch must not undo a newer one: what was published once is not merged again.

    The lake may have been removed since; then its versions are behind the marker's.
    """
    if not marker.exists():
        return False
    versions = lake.versions()
    return all(versions.get(name, -1) >= version for name, version in read_json(marker)["versions"].items())


def _unchanged(lake: Lake) -> dict[str, TableResult]:
    versions = {name: version for name, version in lake.versions().items() if name in STAGED_TABLES}
    return {name: TableResult(inserted=0, updated=0, version=version) for name, version in versions.items()}


def _revisions(definition: Table, changes: Changes, seen_at: datetime) -> pa.Table:
    pairs = zip(changes.changed.to_pylist(), changes.stored.to_pylist(), strict=True)
    rows = [row for new, old in pairs for row in _changed_columns(definition, old, new, seen_at)]
    return pa.Table.from_pylist(rows, schema=REVISIONS.schema)


def _changed_columns(
    definition: Table, old: dict[str, Any], new: dict[str, Any], seen_at: datetime
) -> Iterator[dict[str, Any]]:
    key = json.dumps({name: _text(new[name]) for name in definition.key})
    for column in (name for name in definition.column_names if old[name] != new[name]):
        yield {
            "source": definition.name,
            "key": key,
            "column": column,
            "old_value": _text(old[column]),
            "new_value": _text(new[column]),
            "seen_at": seen_at,
        }


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
