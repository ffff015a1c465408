"""One split of a frozen dataset as a small dataset of its own, so that a verdict can be recomputed elsewhere."""

from pathlib import Path

import numpy as np

from include.core.clock import to_ms
from include.core.errors import InvalidInputError
from include.core.files import sha256_file, write_json
from include.core.timeframes import timeframe_ms
from include.features import store
from include.features.dataset import INFO_FILE, Dataset, DatasetInfo, Split, symbol_file
from include.features.export import series_table


def write_excerpt(dataset: Dataset, split: Split, folder: Path, lead_candles: int = 0) -> DatasetInfo:
    """Write the rows of `split` and the `lead_candles` before it into `folder`, and return its description.

    The excerpt is read by `load_dataset` like any dataset. It keeps the id, the symbols and the feature definitions of
    the whole one and has the one split; a symbol without rows there has an empty file.

    Parameters
    ----------
    dataset : Dataset
        Frozen dataset.
    split : {"train", "validation", "test"}
        Rows to keep.
    folder : Path
        Existing folder, empty.
    lead_candles : int
        Rows kept before the split, for what looks back from its first candle.

    Raises
    ------
    InvalidInputError
        Unknown split, or a negative lead.
    """
    if split not in dataset.info.splits:
        raise InvalidInputError(f"`split` must be one of {', '.join(dataset.info.splits)}, was {split!r}.")
    if lead_candles < 0:
        raise InvalidInputError(f"`lead_candles` must be at least 0, was {lead_candles}.")
    info, window = dataset.info, dataset.info.splits[split]
    start_ms = to_ms(window.start) - lead_candles * timeframe_ms(info.timeframe)
    files, rows = {}, {}
    for symbol, series in dataset.series.items():
        start, stop = np.searchsorted(series.open_time, [start_ms, to_ms(window.end)]).tolist()
        target = folder / symbol_file(symbol, info.timeframe)
        store.write_table(series_table(series.rows(start, stop), info.features), target)
        files[target.name], rows[symbol] = sha256_file(target), stop - start
    excerpt = info.model_copy(update={"splits": {split: window}, "files": files, "rows": rows})
    write_json(folder / INFO_FILE, excerpt.model_dump(mode="json"))
    return excerpt
