"""Built features on disk: one Parquet file per symbol and a manifest.

A file holds the candles, the funding columns and every feature of one symbol, rows before the
warm-up included, so that a dataset is frozen from it alone.
"""

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from include.core.errors import IntegrityError, MissingInputError
from include.core.files import read_json, sha256_file
from include.features.dataset import symbol_file
from include.features.inputs import PRICES

MANIFEST_FILE = "manifest.json"
CANDLE_COLUMNS = (*PRICES, "volume")
FUNDING_COLUMNS = ("funding_inner", "funding_at_close", "funding_assumed")


class SymbolEntry(BaseModel):
    """One symbol's file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    sha256: str
    rows: int
    first_open_time: datetime
    last_open_time: datetime


class Manifest(BaseModel):
    """What a build holds and where it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    build_id: str
    feature_set: str
    feature_set_sha256: str
    timeframe: str
    features: tuple[str, ...]
    symbols: dict[str, SymbolEntry]
    absent_symbols: dict[str, str]
    lake_versions: dict[str, int]
    seconds: float
    # read instead of the lake: name of the file to its sha256
    source_files: dict[str, str] = {}

    @property
    def rows(self) -> int:
        """Candles of all symbols."""
        return sum(entry.rows for entry in self.symbols.values())


def hand_memory_back() -> None:
    """Let Arrow allocate from the system and return what it holds unused.

    Its own allocator keeps half of what a symbol of a million minutes took, beside the next one.
    """
    pa.default_memory_pool().release_unused()
    pa.set_memory_pool(pa.system_memory_pool())


def write_table(table: pa.Table, target: Path) -> None:
    """Write `table` to `target`: zstd, dictionary off, which for float columns is faster and smaller."""
    pq.write_table(table, target, compression="zstd", use_dictionary=False)


def to_table(open_time: NDArray[np.int64], market: dict[str, NDArray[np.float64]], features: pd.DataFrame) -> pa.Table:
    """Return open times, market columns (float64) and feature columns (float32) as one Arrow table."""
    columns: dict[str, pa.Array] = {"open_time": pa.array(open_time).cast(pa.timestamp("ms", tz="UTC"))}
    columns |= {name: pa.array(values, pa.float64()) for name, values in market.items()}
    columns |= {str(name): pa.array(features[name].to_numpy(), pa.float32()) for name in features}
    return pa.table(columns)


def read_table(folder: Path, symbol: str, manifest: Manifest) -> pa.Table:
    """Return the file of `symbol` in `folder`, verified against the manifest.

    Raises
    ------
    IntegrityError
        The file is missing or its bytes are not the ones that were written.
    """
    entry = manifest.symbols[symbol]
    source = folder / entry.file
    if not source.is_file():
        raise IntegrityError(f"Build `{manifest.build_id}` lacks {entry.file}. Hint: build the features again.")
    if sha256_file(source) != entry.sha256:
        raise IntegrityError(f"`{source}` is not the file that was built. Hint: build the features again.")
    return pq.read_table(source)


def write_symbol(folder: Path, symbol: str, timeframe: str, table: pa.Table) -> SymbolEntry:
    """Write the file of `symbol` into `folder` and return its entry for the manifest."""
    target = folder / symbol_file(symbol, timeframe)
    write_table(table, target)
    times = table["open_time"]
    return SymbolEntry(
        file=target.name,
        sha256=sha256_file(target),
        rows=table.num_rows,
        first_open_time=times[0].as_py(),
        last_open_time=times[-1].as_py(),
    )


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the build in `folder`.

    Raises
    ------
    MissingInputError
        Nothing was built there yet.
    """
    if not folder.is_dir():
        raise MissingInputError(f"No features in {folder}. Hint: build them first.")
    return Manifest.model_validate(read_json(folder / MANIFEST_FILE))


def feature_values(table: pa.Table, names: tuple[str, ...]) -> NDArray[np.float32]:
    """Return the columns `names` of `table` as one contiguous matrix (rows, len(names))."""
    # column by column: Arrow copies a column of several chunks
    values = np.empty((table.num_rows, len(names)), dtype=np.float32)
    for place, name in enumerate(names):
        values[:, place] = table[name].to_numpy()
    return values


def open_times(table: pa.Table) -> NDArray[np.int64]:
    """Return the open times of `table`, epoch milliseconds."""
    times: NDArray[np.int64] = table["open_time"].cast(pa.int64()).to_numpy()
    return times
