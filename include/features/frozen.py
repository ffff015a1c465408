"""A dataset as it lies on disk: named by its content, written whole or not at all.

Which rows belong in it is decided by `freeze.py` and `fold.py`.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from include.core.clock import to_ms
from include.core.errors import IntegrityError, MissingInputError
from include.core.files import atomic_directory, sha256_file, write_json
from include.features import store
from include.features.dataset import INFO_FILE, DatasetInfo, Split, Window, read_info, symbol_file


def content_id(tables: dict[str, pa.Table], feature_set_sha256: str, splits: dict[Split, Window]) -> str:
    """Return the id of a dataset: a hash of values, types, names, symbols, boundaries and feature-set hash."""
    boundaries = {name: [to_ms(window.start), to_ms(window.end)] for name, window in splits.items()}
    header = {"feature_set": feature_set_sha256, "splits": boundaries, "symbols": list(tables)}
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for table in tables.values():
        for name in table.column_names:
            column = table[name]
            digest.update(f"{name}:{column.type}:{len(column)}".encode())
            values = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
            digest.update(np.ascontiguousarray(values.to_numpy()).tobytes())
    return digest.hexdigest()[:16]


def standing(folder: Path, dataset_id: str) -> DatasetInfo | None:
    """Return what describes the dataset in `folder` where it stands there undamaged, else None."""
    try:
        info = read_info(folder)
    except (MissingInputError, IntegrityError, ValueError):
        return None
    present = all((folder / name).is_file() and sha256_file(folder / name) == sha for name, sha in info.files.items())
    return info if present and info.id == dataset_id else None


def write_frozen(folder: Path, tables: dict[str, pa.Table], info: DatasetInfo) -> DatasetInfo:
    """Write `tables` and `info` into `folder` in one step, and return `info` with the files and rows they came to."""
    with atomic_directory(folder) as target:
        files: dict[str, str] = {}
        for symbol, table in tables.items():
            file = target / symbol_file(symbol, info.timeframe)
            store.write_table(table, file)
            files[file.name] = sha256_file(file)
        rows = {symbol: table.num_rows for symbol, table in tables.items()}
        written = info.model_copy(update={"files": files, "rows": rows})
        write_json(target / INFO_FILE, written.model_dump(mode="json"))
    return written


def statistics_of(training: Sequence[NDArray[np.float32]], names: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Return mean, std, min and max of each feature over the training rows, float32 (n, k) of each symbol."""
    statistics: dict[str, dict[str, float | None]] = {}
    for column, name in enumerate(names):
        values = np.concatenate([part[:, column] for part in training]).astype(np.float64)
        measures = {"mean": values.mean(), "std": values.std(), "min": values.min(), "max": values.max()}
        statistics[name] = {measure: float(value) for measure, value in measures.items()}
    return statistics
