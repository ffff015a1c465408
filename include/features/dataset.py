"""A frozen dataset as environments and backtests read it: arrays per symbol, splits, provenance.

Freezing one from the lake does not belong here (`freeze.py`).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from include.core.clock import to_ms
from include.core.errors import IntegrityError, InvalidInputError, MissingInputError
from include.core.files import read_json, sha256_file
from include.core.symbols import slug

Split = Literal["train", "validation", "test"]
INFO_FILE = "dataset_info.json"
MARKET_COLUMNS = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "atr",
    "funding_inner",
    "funding_at_close",
    "funding_assumed",
)


class Window(BaseModel):
    """Half-open range of candle open times."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: datetime
    end: datetime


class DatasetInfo(BaseModel):
    """What a dataset is, where it came from, and what is missing from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    system: str
    timeframe: str
    feature_set: str
    feature_set_sha256: str
    features: tuple[str, ...]
    inactive_features: dict[str, str]
    symbols: tuple[str, ...]
    dropped_symbols: dict[str, str]
    rows: dict[str, int]
    splits: dict[Split, Window]
    lake_versions: dict[str, int]
    code_version: str
    statistics: dict[str, dict[str, float | None]]
    files: dict[str, str]
    # active, but found in training to repeat another, to hardly move, or to look filled: name to reason
    redundant_features: dict[str, str] = {}
    # read instead of the lake: name of the file to its sha256
    source_files: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class SymbolSeries:
    """Rows of one symbol in order of open time; all arrays have the same length n.

    Attributes
    ----------
    open_time : int64 (n,)
        UTC epoch milliseconds.
    open, high, low, close, volume, atr : float64 (n,)
        Candle, quote per base (volume: base), and ATR in quote per base.
    funding_inner : float64 (n,)
        Sum of the rates settled strictly inside the candle.
    funding_at_close : float64 (n,)
        Rate settled at `open_time + timeframe`, 0 when none is due.
    funding_assumed : float64 (n,)
        Hours of this candle that no known settlement covers; charged against any position.
    segment : int32 (n,)
        Changes where rows are missing; episodes and backtests do not cross a change.
    features : float32 (n, k)
        Market features in the order of `DatasetInfo.features`; inactive ones are constant 0.
    """

    symbol: str
    open_time: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    atr: NDArray[np.float64]
    funding_inner: NDArray[np.float64]
    funding_at_close: NDArray[np.float64]
    funding_assumed: NDArray[np.float64]
    segment: NDArray[np.int32]
    features: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.open_time)

    def rows(self, start: int, stop: int) -> "SymbolSeries":
        """Return rows `start` to `stop`, `stop` excluded, as views."""
        names = ("open_time", *MARKET_COLUMNS, "segment", "features")
        return replace(self, **{name: getattr(self, name)[start:stop] for name in names})


@dataclass(frozen=True)
class Dataset:
    """A frozen dataset in memory."""

    info: DatasetInfo
    series: dict[str, SymbolSeries]

    def split(self, name: Split) -> dict[str, SymbolSeries]:
        """Return the rows of each symbol inside the window of split `name`; symbols without rows are absent."""
        if name not in self.info.splits:
            raise InvalidInputError(f"`split` must be one of {', '.join(self.info.splits)}, was {name!r}.")
        window = self.info.splits[name]
        cut: dict[str, SymbolSeries] = {}
        for symbol, series in self.series.items():
            start, stop = np.searchsorted(series.open_time, [to_ms(window.start), to_ms(window.end)])
            if stop > start:
                cut[symbol] = series.rows(int(start), int(stop))
        return cut


def symbol_file(symbol: str, timeframe: str) -> str:
    """Return the name of a symbol's Parquet file in features and datasets."""
    return f"{slug(symbol)}_{timeframe}.parquet"


def read_info(folder: Path) -> DatasetInfo:
    """Return the description of the dataset in `folder`."""
    if not folder.is_dir():
        raise MissingInputError(f"Dataset `{folder.name}` does not exist in {folder.parent}. Hint: freeze one first.")
    return DatasetInfo.model_validate(read_json(folder / INFO_FILE))


def load_dataset(folder: Path) -> Dataset:
    """Return the dataset in `folder`, loaded whole into memory."""
    info = read_info(folder)
    return Dataset(info, {symbol: _load_series(folder, symbol, info) for symbol in info.symbols})


def _load_series(folder: Path, symbol: str, info: DatasetInfo) -> SymbolSeries:
    source = folder / symbol_file(symbol, info.timeframe)
    if not source.is_file() or sha256_file(source) != info.files.get(source.name):
        raise IntegrityError(
            f"Dataset `{info.id}` is damaged: {source.name} is not the file that was frozen. Hint: freeze it again."
        )
    try:
        frame = pq.read_table(source)
    except (OSError, ValueError) as error:
        raise IntegrityError(f"Dataset `{info.id}` cannot read {source.name}: {error}") from error
    arrays: dict[str, Any] = {name: frame[name].to_numpy() for name in MARKET_COLUMNS}
    features = np.column_stack([frame[name].to_numpy() for name in info.features]).astype(np.float32, copy=False)
    return SymbolSeries(
        symbol=symbol,
        open_time=frame["open_time"].cast("int64").to_numpy(),
        segment=frame["segment"].to_numpy(),
        features=np.ascontiguousarray(features),
        **arrays,
    )
