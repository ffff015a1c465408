"""Small datasets in memory for tests of environments, evaluation and training."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from include.core.clock import from_ms, to_ms
from include.core.files import sha256_file, write_json
from include.core.timeframes import timeframe_ms
from include.features.dataset import INFO_FILE, Dataset, DatasetInfo, SymbolSeries, Window, symbol_file
from include.features.export import series_table

TIMEFRAME = "4h"
STEP_MS = timeframe_ms(TIMEFRAME)
START_MS = to_ms(datetime(2025, 1, 1, tzinfo=UTC))


def series_from_closes(
    symbol: str, closes: np.ndarray, spread: float = 0.0, features: np.ndarray | None = None
) -> SymbolSeries:
    """Return candles whose open is the previous close and whose wicks reach `spread` beyond the body."""
    closes = np.asarray(closes, dtype=np.float64)
    opens = np.concatenate([closes[:1], closes[:-1]])
    n = len(closes)
    zeros = np.zeros(n)
    return SymbolSeries(
        symbol=symbol,
        open_time=START_MS + STEP_MS * np.arange(n, dtype=np.int64),
        open=opens,
        high=np.maximum(opens, closes) * (1 + spread),
        low=np.minimum(opens, closes) * (1 - spread),
        close=closes,
        volume=np.full(n, 1000.0),
        atr=0.01 * closes,
        funding_inner=zeros.copy(),
        funding_at_close=zeros.copy(),
        funding_assumed=zeros.copy(),
        segment=np.zeros(n, dtype=np.int32),
        features=np.zeros((n, 3), dtype=np.float32) if features is None else features.astype(np.float32),
    )


def martingale(symbol: str, rows: int, seed: int, volatility: float = 0.01) -> SymbolSeries:
    """Return a driftless geometric random walk (a martingale in price) with noise features."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(-0.5 * volatility**2, volatility, rows)
    return series_from_closes(symbol, 100 * np.exp(np.cumsum(steps)), spread=0.002, features=rng.normal(size=(rows, 3)))


def dataset_of(*series: SymbolSeries, test: int = 500, validation: int = 200, embargo: int = 42) -> Dataset:
    """Return a dataset over `series` with the usual split from the newest candle backwards."""
    end = int(max(s.open_time[-1] for s in series)) + STEP_MS
    test_start = end - test * STEP_MS
    validation_end = test_start - embargo * STEP_MS
    validation_start = validation_end - validation * STEP_MS
    train_end = validation_start - embargo * STEP_MS
    names = tuple(f"f_test_{i}" for i in range(series[0].features.shape[1]))
    info = DatasetInfo(
        id="0" * 16,
        system="phase4",
        timeframe=TIMEFRAME,
        feature_set="market94",
        feature_set_sha256="0" * 64,
        features=names,
        inactive_features={},
        symbols=tuple(s.symbol for s in series),
        dropped_symbols={},
        rows={s.symbol: len(s) for s in series},
        splits={
            "train": Window(start=from_ms(START_MS), end=from_ms(train_end)),
            "validation": Window(start=from_ms(validation_start), end=from_ms(validation_end)),
            "test": Window(start=from_ms(test_start), end=from_ms(end)),
        },
        lake_versions={},
        code_version="test",
        statistics={},
        files={},
    )
    return Dataset(info, {s.symbol: s for s in series})


def write_dataset(dataset: Dataset, folder: Path) -> Dataset:
    """Write `dataset` as a frozen one lies on disk; return it with the checksums of its files."""
    folder.mkdir(parents=True, exist_ok=True)
    for symbol, series in dataset.series.items():
        table = series_table(series, dataset.info.features)
        pq.write_table(table, folder / symbol_file(symbol, dataset.info.timeframe))
    files = {file.name: sha256_file(file) for file in folder.glob("*.parquet")}
    info = dataset.info.model_copy(update={"files": files})
    write_json(folder / INFO_FILE, info.model_dump(mode="json"))
    return Dataset(info, dataset.series)
