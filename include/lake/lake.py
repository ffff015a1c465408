"""The lake: Delta tables with atomic commits and idempotent merges. The only code that knows Delta.

Optimistic concurrency: every commit carries the same application transaction, so that of two
writers that started from one version Delta refuses the later one, whose `merge` then looks again
and tries again. No row is lost or doubled, on a file system or on object storage.
"""

import logging
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from include.config.settings import Settings
from include.core import columns as definitions
from include.core.errors import IntegrityError, MissingInputError, TransientError
from include.lake.changes import Changes, compare, distinct
from include.lake.filters import Condition, expression
from include.lake.schema import conform, schema_differences, to_frame

logger = logging.getLogger(__name__)

_WRITER = "perpetua"
_ATTEMPTS = 30
# sorted by key, row groups of this size let a reader of a few symbols skip the others
_WRITER_PROPERTIES = WriterProperties(compression="ZSTD", max_row_group_size=32_768)


@dataclass(frozen=True, slots=True)
class MergeResult:
    """Rows inserted and rewritten by a merge, and the table's version after it."""

    inserted: int
    updated: int
    version: int


class Lake:
    """Delta tables of `core/columns.py` under one location.

    Parameters
    ----------
    location : Path or str
        A folder, or a URL such as ``s3://bucket/lake`` (credentials from the environment).
    """

    def __init__(self, location: Path | str) -> None:
        self.location = str(location)

    @classmethod
    def of(cls, settings: Settings) -> "Lake":
        """Return the lake of a deployment: `PERPETUA_LAKE`, else the folder `lake` of its home."""
        return cls(settings.lake_location)

    def exists(self, table: str) -> bool:
        """Return whether `table` has been written."""
        return bool(DeltaTable.is_deltatable(self._uri(table)))

    def version(self, table: str) -> int | None:
        """Return the newest version of `table`, None when it does not exist."""
        delta = self._open(table)
        return None if delta is None else int(delta.version())

    def versions(self) -> dict[str, int]:
        """Return the version of every table that exists."""
        found = {name: self.version(name) for name in definitions.TABLES}
        return {name: version for name, version in found.items() if version is not None}

    def count(self, table: str) -> int:
        """Return the number of rows of `table`, 0 when it does not exist."""
        delta = self._open(table)
        return 0 if delta is None else int(delta.count())

    def read_arrow(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        filters: Sequence[Condition] | None = None,
        version: int | None = None,
    ) -> pa.Table:
        """Return rows of `table` as Arrow, sorted by key; the arguments are those of `read`."""
        definition = definitions.table(table)
        names = list(columns) if columns is not None else list(definition.column_names)
        schema = pa.schema([definition.schema.field(name) for name in names])
        delta = self._open(table, version)
        if delta is None:
            return schema.empty_table()
        wanted = [*names, *(key for key in definition.key if key not in names)]
        with _integrity(table):
            rows = delta.to_pyarrow_dataset().to_table(columns=wanted, filter=expression(definition, filters or ()))
        return rows.sort_by([(key, "ascending") for key in definition.key]).select(names).cast(schema)

    def read(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        filters: Sequence[Condition] | None = None,
        version: int | None = None,
    ) -> pd.DataFrame:
        """Return rows of `table`, sorted by key.

        Parameters
        ----------
        table : str
            Name of a table of `core/columns.py`.
        columns : sequence of str or None
            Columns wanted, None for all.
        filters : sequence of (column, operator, value) or None
            Conditions that must all hold, such as ``[("symbol", "=", "BTC/USDT:USDT")]``; operators
            are those of comparison and ``in``.
        version : int or None
            An older version of the table, None for the newest.

        Returns
        -------
        pandas.DataFrame
            Instants are ``datetime64[ms, UTC]``, nullable integers float64. Empty, with the same
            dtypes, when the table does not exist.
        """
        return to_frame(self.read_arrow(table, columns, filters, version))

    def newest(self, table: str, by: list[str], column: str) -> pd.DataFrame:
        """Return the greatest value of `column` for each combination of `by`, sorted by `by`."""
        return self._extreme(table, by, column, "max")

    def oldest(self, table: str, by: list[str], column: str) -> pd.DataFrame:
        """Return the smallest value of `column` for each combination of `by`, sorted by `by`."""
        return self._extreme(table, by, column, "min")

    def _extreme(self, table: str, by: list[str], column: str, measure: str) -> pd.DataFrame:
        rows = self.read_arrow(table, [*by, column])
        found = rows.group_by(by).aggregate([(column, measure)]).rename_columns([*by, column])
        return to_frame(found.sort_by([(name, "ascending") for name in by]))

    def compare(self, table: str, rows: pa.Table) -> Changes:
        """Return what `merge` would change, without changing it."""
        definition = definitions.table(table)
        return compare(definition, distinct(definition, conform(definition, rows)), self._same_span(table, rows))

    def merge(self, table: str, rows: pa.Table) -> MergeResult:
        """Insert rows with new keys and rewrite the stored rows that differ; equal rows cost no commit.

        Parameters
        ----------
        table : str
            Name of a table of `core/columns.py`.
        rows : pyarrow.Table
            Rows with the table's schema; exact repetitions are dropped.

        Raises
        ------
        InvalidInputError
            The rows do not fit the table (the difference is shown), or one key has two contents.
        TransientError
            Other writers were faster, again and again.
        """
        return self._write(table, rows, keep_stored=False)

    def append(self, table: str, rows: pa.Table) -> MergeResult:
        """Insert rows with new keys; stored rows stay as they are. Arguments and errors as `merge`."""
        return self._write(table, rows, keep_stored=True)

    def compact_and_vacuum(self, table: str, retention_hours: int = 7 * 24) -> int:
        """Rewrite small files into large ones, delete files unused for `retention_hours`, return their count."""
        delta = self._open(table)
        if delta is None:
            return 0
        with _integrity(table):
            delta.optimize.compact(writer_properties=_WRITER_PROPERTIES)
            removed = delta.vacuum(retention_hours=retention_hours, dry_run=False, enforce_retention_duration=False)
        return len(removed)

    def _write(self, table: str, rows: pa.Table, *, keep_stored: bool) -> MergeResult:
        definition = definitions.table(table)
        rows = distinct(definition, conform(definition, rows))
        for attempt in range(_ATTEMPTS):
            try:
                return self._try_write(definition, rows, keep_stored)
            except CommitFailedError as error:
                logger.info("lake table %s: another writer was faster (%s), attempt %d", table, error, attempt + 1)
                time.sleep(random.uniform(0.0, 0.02 * (attempt + 1)))
        raise TransientError(f"`{table}` could not be committed in {_ATTEMPTS} attempts: other writers were faster.")

    def _try_write(self, definition: definitions.Table, rows: pa.Table, keep_stored: bool) -> MergeResult:
        delta = self._open(definition.name) or self._create(definition)
        # compared against the version that was opened: a commit in between is a conflict
        changes = compare(definition, rows, _span(delta, definition, rows))
        changed = changes.changed.slice(0, 0) if keep_stored else changes.changed
        with _integrity(definition.name):
            if changed.num_rows:
                _rewrite(delta, definition, pa.concat_tables([changes.new, changed]))
            elif changes.new.num_rows:
                _insert(delta, changes.new)
        return MergeResult(changes.new.num_rows, changed.num_rows, int(delta.version()))

    def _create(self, definition: definitions.Table) -> Any:
        """Create the table without rows: two writers that create it at once would both keep theirs."""
        uri = self._uri(definition.name)
        try:
            DeltaTable.create(
                uri, definition.schema, mode="ignore", name=definition.name, description=definition.description
            )
        except DeltaError as error:
            if not self.exists(definition.name):
                raise IntegrityError(f"`{definition.name}` cannot be created: {error}.") from error
        return self._open(definition.name)

    def _same_span(self, table: str, rows: pa.Table) -> pa.Table:
        definition = definitions.table(table)
        delta = self._open(table)
        return definition.schema.empty_table() if delta is None else _span(delta, definition, rows)

    def _open(self, table: str, version: int | None = None) -> Any:
        definition = definitions.table(table)
        with _integrity(table):
            try:
                delta = DeltaTable(self._uri(table), version=version)
            except TableNotFoundError:
                return None
            except DeltaError as error:
                if version is None:
                    raise
                raise MissingInputError(f"`{table}` has no version {version}: {error}.") from error
            differences = schema_differences(definition, delta.to_pyarrow_dataset().schema)
        if differences:
            raise IntegrityError(f"The stored table `{table}` is of another schema: {'; '.join(differences)}.")
        return delta

    def _uri(self, table: str) -> str:
        return f"{self.location.rstrip('/')}/{definitions.table(table).name}"


def _span(delta: Any, definition: definitions.Table, rows: pa.Table) -> pa.Table:
    """Stored rows in the time span of `rows`: all that can share a key with them."""
    if rows.num_rows == 0:
        return definition.schema.empty_table()
    time_column = definition.time_column
    condition = None
    if time_column in definition.key:
        bounds = pc.min_max(rows[time_column])
        condition = (ds.field(time_column) >= bounds["min"]) & (ds.field(time_column) <= bounds["max"])
    with _integrity(definition.name):
        stored = delta.to_pyarrow_dataset().to_table(filter=condition)
    return stored.select(definition.column_names).cast(definition.schema)


def _insert(delta: Any, rows: pa.Table) -> None:
    write_deltalake(
        delta, rows, mode="append", writer_properties=_WRITER_PROPERTIES, commit_properties=_transaction(delta)
    )


def _rewrite(delta: Any, definition: definitions.Table, rows: pa.Table) -> None:
    same_key = " AND ".join(f"stored.{key} = incoming.{key}" for key in definition.key)
    (
        delta.merge(
            rows,
            predicate=same_key,
            source_alias="incoming",
            target_alias="stored",
            writer_properties=_WRITER_PROPERTIES,
            commit_properties=_transaction(delta),
        )
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute()
    )


def _transaction(delta: Any) -> Any:
    return CommitProperties(app_transactions=[Transaction(_WRITER, delta.version() + 1)])


@contextmanager
def _integrity(table: str) -> Iterator[None]:
    try:
        yield
    except CommitFailedError:
        raise
    except (DeltaError, pa.ArrowInvalid, FileNotFoundError) as error:
        raise IntegrityError(f"The lake table `{table}` cannot be read or written: {error}.") from error
