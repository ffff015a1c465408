"""A split of a frozen dataset as a plain file for other programs."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from include.core.errors import InvalidInputError
from include.core.files import atomic_path
from include.features.dataset import MARKET_COLUMNS, Dataset, Split, SymbolSeries
from include.lake.export import FORMATS


def export_split(dataset: Dataset, split: Split, target: Path) -> int:
    """Write the rows of `split` to `target`, atomically, and return how many there are.

    Columns: symbol, open_time (UTC), the candle, ATR, funding columns, segment, the features; one symbol after the
    other.

    Parameters
    ----------
    dataset : Dataset
        Frozen dataset.
    split : {"train", "validation", "test"}
        Rows to write.
    target : Path
        File to write; its suffix, `.csv` or `.parquet`, chooses the format.

    Raises
    ------
    InvalidInputError
        Unknown suffix or split.
    """
    if target.suffix not in FORMATS:
        raise InvalidInputError(f"`output` must end in {' or '.join(FORMATS)}, was {target.name!r}.")
    table = pa.concat_tables([_named(series, dataset.info.features) for series in dataset.split(split).values()])
    with atomic_path(target) as temporary:
        if target.suffix == ".csv":
            csv.write_csv(table, temporary)
        else:
            pq.write_table(table, temporary, compression="zstd")
    return int(table.num_rows)


def series_table(series: SymbolSeries, features: tuple[str, ...]) -> pa.Table:
    """Return the rows of one symbol as a frozen dataset holds them: open_time, market columns, segment, `features`."""
    columns: dict[str, pa.Array] = {"open_time": pa.array(series.open_time).cast(pa.timestamp("ms", tz="UTC"))}
    columns |= {name: pa.array(getattr(series, name)) for name in (*MARKET_COLUMNS, "segment")}
    columns |= {name: pa.array(series.features[:, place]) for place, name in enumerate(features)}
    return pa.table(columns)


def _named(series: SymbolSeries, features: tuple[str, ...]) -> pa.Table:
    return series_table(series, features).add_column(0, "symbol", pa.repeat(series.symbol, len(series)))
