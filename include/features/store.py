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
from include.features.inputs import PRICES, Segment
from include.features.settlements import CandleFunding

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

    @property
    def rows(self) -> int:
        """Candles of all symbols."""
        return sum(entry.rows for entry in self.symbols.values())


def write_table(table: pa.Table, target: Path) -> None:
    """Write `table` to `target`: zstd, dictionary off, which for float columns is faster and smaller."""
    pq.write_table(table, target, compression="zstd", use_dictionary=False)


def to_table(
    open_time: NDArray[np.int64], market: dict[str, NDArray[np.float64]], features: pd.DataFrame
) -> pa.Table:
    """Return open times, market columns (float64) and feature columns (float32) as one Arrow table."""
    columns: dict[str, pa.Array] = {"open_time": pa.array(open_time).cast(pa.timestamp("ms", tz="UTC"))}
    columns |= {name: pa.array(values, pa.float64()) for name, values in market.items()}
    columns |= {name: pa.array(features[name].to_numpy(), pa.float32()) for name in features}
    return pa.table(columns)
