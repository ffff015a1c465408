"""Lake tables as plain files for other programs."""

from pathlib import Path

from include.core.columns import table as definition
from include.core.errors import InvalidInputError, MissingInputError
from include.core.files import atomic_path
from include.lake.lake import Lake

FORMATS = (".parquet", ".csv")


def export(lake: Lake, table: str, target: Path, timeframe: str | None = None) -> int:
    """Write `table` to `target`, atomically, and return the number of rows.

    Parameters
    ----------
    lake : Lake
        Where the table is.
    table : str
        Name of a lake table.
    target : Path
        File to write; its suffix, `.parquet` or `.csv`, chooses the format.
    timeframe : str or None
        Only rows of this timeframe, for tables that have one.

    Raises
    ------
    InvalidInputError
        Unknown table or suffix, or a timeframe for a table that has none.
    MissingInputError
        The table does not exist yet, or has no such rows.
    """
    if target.suffix not in FORMATS:
        raise InvalidInputError(f"`output` must end in {' or '.join(FORMATS)}, was {target.name!r}.")
    if timeframe is not None and "timeframe" not in definition(table).column_names:
        raise InvalidInputError(f"`timeframe` must be left out for table {table}, was {timeframe!r}.")
    rows = lake.read(table, filters=[("timeframe", "=", timeframe)] if timeframe else None)
    if rows.empty:
        raise MissingInputError(
            f"Table `{table}` has no such rows. Hint: `python -m include market backfill` fetches them."
        )
    with atomic_path(target) as temporary:
        if target.suffix == ".csv":
            rows.to_csv(temporary, index=False)
        else:
            rows.to_parquet(temporary, index=False, compression="zstd")
    return len(rows)
