"""The rows of one fold as a dataset of its own: what a training may see, and nothing else.

Which candles a fold trains on is decided elsewhere (`evaluation/cross_validation.py`).
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from include.core.errors import DataQualityError, InvalidInputError
from include.core.paths import Home
from include.core.timeframes import timeframe_ms
from include.features.candidates import segments
from include.features.dataset import Dataset, DatasetInfo, Split, SymbolSeries, Window
from include.features.export import series_table
from include.features.frozen import content_id, standing, statistics_of, write_frozen
from include.features.splits import rows_within


def write_fold(
    home: Home, parent: Dataset, train: Sequence[Window], validation: Window, min_train_candles: int
) -> DatasetInfo:
    """Freeze the training and validation rows of a fold into a dataset of `home`, and return its description.

    Rows between the training windows are left out, and a segment ends where they are missing, so that no episode
    crosses them. Symbols, features and the inactive ones are those of the parent; there is no test split: a fold is
    tested on its parent's rows.

    Parameters
    ----------
    home : Home
        Where the dataset is written; standing there already, it is not written again.
    parent : Dataset
        Frozen dataset.
    train : sequence of Window
        Ascending, apart from each other.
    validation : Window
        After all of `train`.
    min_train_candles : int
        A symbol with fewer training rows, or none for validation, is dropped with its reason.

    Raises
    ------
    InvalidInputError
        No training window, or windows that are not in order.
    DataQualityError
        No symbol has enough rows.
    """
    _require_order([*train, validation])
    step, features = timeframe_ms(parent.info.timeframe), parent.info.features
    dropped, kept, training = {}, {}, []
    for symbol, series in parent.series.items():
        learning = np.concatenate([np.r_[rows_within(series.open_time, window)] for window in train])
        choosing = np.r_[rows_within(series.open_time, validation)]
        if len(learning) < min_train_candles or not len(choosing):
            dropped[symbol] = f"{len(learning)} train candles, needs {min_train_candles}; {len(choosing)} validation"
            continue
        kept[symbol] = _rows(series, np.concatenate([learning, choosing]), features, step)
        training.append(series.features[learning])
    if not kept:
        reasons = "; ".join(f"{symbol}: {reason}" for symbol, reason in dropped.items())
        raise DataQualityError(f"No symbol has enough candles for the fold: {reasons}. Hint: ask for longer folds.")
    splits: dict[Split, Window] = {
        "train": Window(start=train[0].start, end=train[-1].end),
        "validation": validation,
    }
    dataset_id = content_id(kept, parent.info.feature_set_sha256, splits)
    target = home.dataset(dataset_id)
    update = {
        "id": dataset_id,
        "symbols": tuple(kept),
        "dropped_symbols": parent.info.dropped_symbols | dropped,
        "splits": splits,
        "statistics": statistics_of(training, features),
    }
    return standing(target, dataset_id) or write_frozen(target, kept, parent.info.model_copy(update=update))


def _rows(series: SymbolSeries, chosen: NDArray[np.int64], features: tuple[str, ...], step_ms: int) -> pa.Table:
    table = series_table(series, features).take(pa.array(chosen))
    segment = pa.array(segments(series.open_time[chosen], step_ms), pa.int32())
    return table.set_column(table.column_names.index("segment"), "segment", segment)


def _require_order(windows: Sequence[Window]) -> None:
    edges = [edge for window in windows for edge in (window.start, window.end)]
    if len(windows) < 2 or edges != sorted(edges):
        shown = ", ".join(f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M}" for window in windows)
        raise InvalidInputError(f"`train` must be windows in order, all before `validation`, was {shown}.")
