"""The lake: Delta tables with atomic commits and idempotent merges. The only code that knows Delta.

Optimistic concurrency: every commit carries the same application transaction, so that of two
writers that started from one version Delta refuses the later one, whose `merge` then looks again
and tries again. No row is lost or doubled, on a file system or on object storage.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from include.config.settings import Settings
from include.core import columns as definitions
from include.core.clock import from_ms
from include.core.errors import IntegrityError, MissingInputError
from include.lake import commit
from include.lake.boundary import translated
from include.lake.changes import Changes, compare, distinct
from include.lake.evolution import EVOLVE, Step, changed, pending
from include.lake.filters import Condition, expression, predicate
from include.lake.order import in_key_order
from include.lake.schema import conform, plain, to_frame
from include.lake.span import stored_rows

# one leading key column after the other names a series, until one that is no such name
_SERIES = ("venue", "symbol", "price", "timeframe", "series", "source")

Version = int | datetime | None


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
        return bool(DeltaTable.is_deltatable(self.uri(table)))

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
        version: Version = None,
    ) -> pa.Table:
        """Return rows of `table` as Arrow, sorted by key; the arguments are those of `read`."""
        definition = definitions.table(table)
        names = list(columns) if columns is not None else list(definition.column_names)
        opened = self._open_version(table, version)
        if opened is None:
            return _schema(definition, names).empty_table()
        wanted = list(dict.fromkeys([*names, *definition.key]))
        rows = self._scan(definition, *opened, wanted, filters or ())
        return in_key_order(definition, rows).select(names)

    def read(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        filters: Sequence[Condition] | None = None,
        version: Version = None,
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
        version : int, datetime or None
            An older version of the table by its number, or the version that was the newest at an instant
            (wall clock, UTC); None for the newest. A version of an older schema is read as the declared
            evolution says.

        Returns
        -------
        pandas.DataFrame
            Instants are ``datetime64[ms, UTC]``, nullable integers float64. Empty, with the same
            dtypes, when the table does not exist.
        """
        return to_frame(self.read_arrow(table, columns, filters, version))

    def stream(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        filters: Sequence[Condition] | None = None,
        version: Version = None,
    ) -> Iterator[pa.Table]:
        """Yield the rows that `read_arrow` returns, in the same order, one series (such as a symbol) at a time.

        All parts are of one version of the table, whatever is written meanwhile.
        """
        definition = definitions.table(table)
        series = [name for place, name in enumerate(definition.key) if set(definition.key[: place + 1]) <= {*_SERIES}]
        delta = self.open(table, version)
        if delta is None:
            return
        pinned = int(delta.version())
        if not series or self.steps(definition, delta):
            yield self.read_arrow(table, columns, filters, pinned)
            return
        listed = ", ".join(f'"{name}"' for name in series)
        where = predicate(definition, filters or ())
        query = f"SELECT DISTINCT {listed} FROM lake{f' WHERE {where}' if where else ''}"  # noqa: S608  # literals are quoted
        found = self._query(definition, delta, query).sort_by([(name, "ascending") for name in series])
        for one in found.to_pylist():
            conditions = [(name, "=", value) for name, value in one.items()]
            yield self.read_arrow(table, columns, [*conditions, *(filters or ())], pinned)

    def chunks(self, table: str, columns: Sequence[str], filters: Sequence[Condition]) -> Iterator[pa.Table]:
        """Yield rows of `table` piece by piece, in no order: for what is counted without holding all of it."""
        definition = definitions.table(table)
        delta = self._open(table)
        if delta is None:
            return
        schema = _schema(definition, columns)
        with translated(table, self.location, int(delta.version())):
            for batch in delta.scan(columns=list(columns), predicate=predicate(definition, filters)):
                yield pa.table(pa.record_batch(batch)).select(list(columns)).cast(schema)

    def newest(self, table: str, by: list[str], column: str) -> pd.DataFrame:
        """Return the greatest value of `column` for each combination of `by`, sorted by `by`."""
        return self._extreme(table, by, column, "max")

    def oldest(self, table: str, by: list[str], column: str) -> pd.DataFrame:
        """Return the smallest value of `column` for each combination of `by`, sorted by `by`."""
        return self._extreme(table, by, column, "min")

    def _extreme(self, table: str, by: list[str], column: str, measure: str) -> pd.DataFrame:
        definition = definitions.table(table)
        schema = _schema(definition, [*by, column])
        delta = self._open(table)
        if delta is None:
            return to_frame(schema.empty_table())
        listed = ", ".join(f'"{name}"' for name in by)
        query = f'SELECT {listed}, {measure}("{column}") AS "{column}" FROM lake GROUP BY {listed}'  # noqa: S608  # names of columns
        found = self._query(definition, delta, query)
        return to_frame(found.sort_by([(name, "ascending") for name in by]).cast(schema))

    def compare(self, table: str, rows: pa.Table) -> Changes:
        """Return what `merge` would change, without changing it."""
        definition = definitions.table(table)
        return compare(definition, distinct(definition, conform(definition, rows)), self._stored(table, rows))

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

    def _stored(self, table: str, rows: pa.Table) -> pa.Table:
        definition = definitions.table(table)
        delta = self._open(table)
        if delta is None:
            return definition.schema.empty_table()
        with translated(table, self.location):
            return stored_rows(delta, definition, rows)

    def _write(self, table: str, rows: pa.Table, *, keep_stored: bool) -> MergeResult:
        definition = definitions.table(table)
        rows = distinct(definition, conform(definition, rows))
        return commit.retried(table, lambda: self._try_write(definition, rows, keep_stored))

    def _try_write(self, definition: definitions.Table, rows: pa.Table, keep_stored: bool) -> MergeResult:
        delta = self._open(definition.name) or self._create(definition)
        with translated(definition.name, self.location):
            # compared against the version that was opened: a commit in between is a conflict
            changes = compare(definition, rows, stored_rows(delta, definition, rows))
            rewritten = changes.changed.slice(0, 0) if keep_stored else changes.changed
            if rewritten.num_rows:
                commit.rewrite(delta, definition, pa.concat_tables([changes.new, rewritten]))
            elif changes.new.num_rows:
                commit.insert(delta, changes.new)
        return MergeResult(changes.new.num_rows, rewritten.num_rows, int(delta.version()))

    def _create(self, definition: definitions.Table) -> Any:
        """Create the table without rows: two writers that create it at once would both keep theirs."""
        with translated(definition.name, self.location):
            try:
                DeltaTable.create(
                    self.uri(definition.name),
                    definition.schema,
                    mode="ignore",
                    name=definition.name,
                    description=definition.description,
                )
            except DeltaError:
                if not self.exists(definition.name):
                    raise
        return self._open(definition.name)

    def _scan(
        self,
        definition: definitions.Table,
        delta: Any,
        steps: tuple[Step, ...],
        names: list[str],
        filters: Sequence[Condition],
    ) -> pa.Table:
        with translated(definition.name, self.location, int(delta.version())):
            if not steps:
                rows = pa.table(delta.scan(columns=names, predicate=predicate(definition, filters)))
                return rows.select(names).cast(_schema(definition, names))
            rows = changed(definition, steps, plain(pa.table(delta.scan())))
        condition = expression(definition, filters)
        return (rows if condition is None else rows.filter(condition)).select(names)

    def _query(self, definition: definitions.Table, delta: Any, query: str) -> pa.Table:
        with translated(definition.name, self.location):
            return plain(pa.table(QueryBuilder().register("lake", delta).execute(query).read_all()))

    def _open(self, table: str) -> Any:
        """Open the newest version, which must be of this version's schema."""
        delta = self.open(table)
        steps = () if delta is None else self.steps(definitions.table(table), delta)
        if steps:
            told = "; ".join(step.what for step in steps)
            raise IntegrityError(
                f"The stored table `{table}` was written by an older version: {told}. Hint: `{EVOLVE}` brings it up to "
                "date in one step (`--dry-run` shows what it would do)."
            )
        return delta

    def _open_version(self, table: str, version: Version) -> tuple[Any, tuple[Step, ...]] | None:
        if version is None:
            delta = self._open(table)
            return None if delta is None else (delta, ())
        delta = self.open(table, version)
        return None if delta is None else (delta, self.steps(definitions.table(table), delta))

    def open(self, table: str, version: Version = None) -> Any:
        """Return the Delta table of `table`, whatever its schema, None when there is none. For this package only."""
        with translated(table, self.location):
            try:
                if isinstance(version, datetime):
                    version = _version_at(DeltaTable(self.uri(table)), table, version)
                return DeltaTable(self.uri(table), version=version)
            except DeltaError as error:
                # an older version whose log entries are gone is reported as if there were no table
                if isinstance(error, TableNotFoundError) and (version is None or not self.exists(table)):
                    return None
                if version is None:
                    raise
                raise MissingInputError(
                    f"`{table}` has no version {version}: {error}. Hint: `python -m include market history --table "
                    f"{table}` lists them."
                ) from error

    def steps(self, definition: definitions.Table, delta: Any) -> tuple[Step, ...]:
        """Return the declared steps that an opened table still needs. For this package only."""
        with translated(definition.name, self.location):
            stored = pa.schema(delta.schema())
        return pending(definition, stored)

    def uri(self, table: str) -> str:
        """Return where the Delta table of `table` is."""
        return f"{self.location.rstrip('/')}/{definitions.table(table).name}"


def _version_at(delta: Any, table: str, instant: datetime) -> int:
    made = {int(commit["version"]): from_ms(commit["timestamp"]) for commit in delta.history()}
    found = [version for version, at in made.items() if at <= instant]
    if not found:
        oldest = min(made)
        raise MissingInputError(
            f"`{table}` has no version as old as {instant.isoformat()}; the oldest is {oldest} of "
            f"{made[oldest].isoformat()}."
        )
    return max(found)


def _schema(definition: definitions.Table, names: Sequence[str]) -> pa.Schema:
    return pa.schema([definition.schema.field(name) for name in names])
