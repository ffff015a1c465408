"""The feature matrix of one symbol: pure, causal, no files."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.features.inputs import FeatureInputs
from include.features.spec import Columns, Family, FeatureSet

__all__ = ["FeatureInputs", "compute"]


def compute(inputs: FeatureInputs, feature_set: FeatureSet) -> pd.DataFrame:
    """Return every feature of `feature_set` for every candle of one symbol.

    The row of a candle uses nothing that is known later than its close: computed from inputs that end there it is
    the same bits. Arithmetic is float64. A missing candle starts every feature anew.

    Parameters
    ----------
    inputs : FeatureInputs
        Candles and other sources of one symbol; not changed.
    feature_set : FeatureSet
        What to compute, such as ``registry.feature_set("market94")``.

    Returns
    -------
    DataFrame
        One row per candle, index `open_time` (datetime64[ms, UTC]), float32 columns in the set's order, NaN where a
        feature is not warm yet or its source has nothing.

    Raises
    ------
    InvalidInputError
        Candles out of order, off their grid, or with prices that are not finite and positive.
    """
    # one row per feature while filling: each column is then written to contiguous memory
    matrix = np.empty((len(feature_set.names), len(inputs.open_time)), dtype=np.float32)
    for rows, segment in inputs.segments():
        for family, offset in zip(feature_set.families, _offsets(feature_set), strict=True):
            _fill(matrix[offset : offset + len(family.specs), rows], family, family.compute(segment, inputs))
    index = pd.DatetimeIndex(inputs.open_time.astype("datetime64[ms]"), name="open_time").tz_localize("UTC")
    return pd.DataFrame(matrix.T, index=index, columns=list(feature_set.names), copy=False)


def _fill(places: NDArray[np.float32], family: Family, columns: Columns) -> None:
    for place, spec in zip(places, family.specs, strict=True):
        # taken out one by one: of a million minutes forty columns in double precision are half a gigabyte
        place[:] = columns.pop(spec.name)


def _offsets(feature_set: FeatureSet) -> list[int]:
    sizes = [len(family.specs) for family in feature_set.families]
    return [sum(sizes[:place]) for place in range(len(sizes))]
