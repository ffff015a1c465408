"""How far the features of one split of a dataset have moved from its training rows."""

import numpy as np

from include.core.clock import to_ms
from include.features.dataset import Dataset, Split
from include.features.drift import FeatureDrift, feature_drifts
from include.features.survey import SAMPLE_ROWS, Rows, pooled, stretches_of


def split_drift(dataset: Dataset, split: Split) -> tuple[FeatureDrift, ...]:
    """Return the drift of every feature on `split` against the training split, features without an index last.

    Rows are sampled evenly, the same number of each symbol that has rows in both. What is usual is told by the training
    window's own stretches of the split's length.

    Parameters
    ----------
    dataset : Dataset
        Frozen dataset with its training rows.
    split : {"validation", "test"}
        Rows that are compared.

    Raises
    ------
    InvalidInputError
        The dataset has no such split.
    """
    training, recent = dataset.split("train"), dataset.split(split)
    symbols = [symbol for symbol in recent if symbol in training]
    share = SAMPLE_ROWS // max(len(symbols), 1)
    width = len(dataset.info.features)
    before, now = (
        pooled([Rows(rows[symbol].open_time, rows[symbol].features).sample(share) for symbol in symbols], width)
        for rows in (training, recent)
    )
    window = dataset.info.splits[split]
    stretches = stretches_of(before.open_time, to_ms(window.end) - to_ms(window.start))
    drifts = feature_drifts(dataset.info.features, before.values, now.values, dataset.info.inactive_features, stretches)
    return tuple(sorted(drifts, key=lambda drift: -np.inf if drift.psi is None else drift.psi, reverse=True))
