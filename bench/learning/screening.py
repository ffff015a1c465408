"""Feature screening: which columns tell anything about the next return, by the training rows alone.

Columns that do not are set to 0, as inactive features are; a policy must then play the same selection everywhere.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from include.features.dataset import Dataset, SymbolSeries

# two-sided normal quantile of 1 % over 94 columns, after Bonferroni
THRESHOLD = 3.9


def informative(dataset: Dataset) -> NDArray[np.bool_]:
    """Return which columns (k,) correlate with the return of the next candle beyond chance on the train split.

    The statistic is Pearson's r × √n over the rows of all symbols, which is standard normal where the next return is
    independent of the column.
    """
    rows = list(dataset.split("train").values())
    known = np.concatenate([series.features[:-1] for series in rows]).astype(np.float64)
    next_return = np.concatenate([np.diff(np.log(series.close)) for series in rows])
    known -= known.mean(axis=0)
    next_return -= next_return.mean()
    scale = np.sqrt((known**2).sum(axis=0) * (next_return**2).sum())
    correlation = np.divide(next_return @ known, scale, out=np.zeros(known.shape[1]), where=scale > 0.0)
    chosen: NDArray[np.bool_] = np.abs(correlation) * np.sqrt(len(next_return)) > THRESHOLD
    return chosen


def keep_only(dataset: Dataset, chosen: NDArray[np.bool_]) -> Dataset:
    """Return `dataset` with every column outside `chosen` (k,) constant 0 and named inactive."""
    names = dataset.info.features
    dropped = dict.fromkeys(np.array(names)[~chosen].tolist(), "tells nothing about the next return")

    def masked(series: SymbolSeries) -> SymbolSeries:
        return replace(series, features=series.features * chosen.astype(np.float32))

    info = dataset.info.model_copy(update={"inactive_features": dropped | dataset.info.inactive_features})
    return Dataset(info, {name: masked(series) for name, series in dataset.series.items()})
