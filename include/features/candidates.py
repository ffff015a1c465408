"""Rows of one symbol on their way into a dataset, and the features that are inactive over all of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from include.core.errors import DataQualityError, InvalidInputError
from include.core.timeframes import timeframe_ms
from include.features import store
from include.features.checks import MINIMUM_COVERAGE
from include.features.dataset import Window
from include.features.inputs import contiguous_runs, run_positions
from include.features.kernels.volatility import atr
from include.features.spec import FeatureSet
from include.features.splits import rows_within
from include.features.store import Manifest

MAXIMUM_INACTIVE = 20
FILLED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Candidate:
    """Rows of one symbol.

    Attributes
    ----------
    open_time : int64 (rows,), epoch milliseconds.
    market : float64 (rows,) per name: candle, `atr` and funding columns.
    values : float32 (rows, features), NaN where a feature is missing.
    """

    symbol: str
    open_time: NDArray[np.int64]
    market: dict[str, NDArray[np.float64]]
    values: NDArray[np.float32]

    def select(self, rows: slice | NDArray[np.bool_]) -> "Candidate":
        """Return only `rows`."""
        market = {name: column[rows] for name, column in self.market.items()}
        return replace(self, open_time=self.open_time[rows], market=market, values=self.values[rows])


def load_candidate(folder: Path, symbol: str, manifest: Manifest, warmup: int, atr_lookback: int) -> Candidate:
    """Return the rows of `symbol` behind the first `warmup` candles of each contiguous run, with ATR in price units."""
    table, step = store.read_table(folder, symbol, manifest), timeframe_ms(manifest.timeframe)
    open_time = store.open_times(table)
    names = (*store.CANDLE_COLUMNS, *store.FUNDING_COLUMNS)
    # copies: Arrow hands out read-only memory, for which the kernels would be compiled a second time
    market = {name: np.array(table[name].to_numpy()) for name in names}
    market["atr"] = np.full(len(open_time), np.nan)
    for rows in contiguous_runs(open_time, step):
        market["atr"][rows] = atr(market["high"][rows], market["low"][rows], market["close"][rows], atr_lookback)
    loaded = Candidate(symbol, open_time, market, store.feature_values(table, manifest.features))
    return loaded.select(run_positions(open_time, step) >= max(warmup, atr_lookback))


def inactive_features(candidates: Sequence[Candidate], train: Window, feature_set: FeatureSet) -> dict[str, str]:
    """Return the features covered too little, or constant, over the pooled training candles, with the reason."""
    count = 0
    anywhere = np.zeros(len(feature_set.names), dtype=np.bool_)
    present = np.zeros(len(feature_set.names), dtype=np.int64)
    low = np.full(len(feature_set.names), np.inf)
    high = -low
    for candidate in candidates:
        anywhere |= ~np.isnan(candidate.values).all(axis=0)
        values = candidate.values[rows_within(candidate.open_time, train)]
        there = ~np.isnan(values)
        count += len(values)
        present += there.sum(axis=0)
        low = np.minimum(low, np.min(values, axis=0, initial=np.inf, where=there))
        high = np.maximum(high, np.max(values, axis=0, initial=-np.inf, where=there))
    reasons: dict[str, str] = {}
    for column, (name, spec) in enumerate(zip(feature_set.names, feature_set.specs, strict=True)):
        coverage = present[column] / max(count, 1)
        if not anywhere[column]:
            reasons[name] = f"no source: needs {', '.join(spec.inputs)}"
        elif coverage < MINIMUM_COVERAGE:
            reasons[name] = f"covers {coverage:.1%} of the training candles, needs {MINIMUM_COVERAGE:.0%}"
        elif low[column] == high[column]:
            reasons[name] = f"constant at {low[column]:g} in training"
    return reasons


def filled_symbols(candidates: Sequence[Candidate], train: Window, feature_set: FeatureSet) -> dict[str, str]:
    """Return the features that stand still all through training in two symbols or more, 5 % of all at least.

    A source that was filled for some symbols looks so, while the others hide it from the pooled rows.
    """
    still = np.zeros(len(feature_set.names), dtype=np.int64)
    for candidate in candidates:
        values = candidate.values[rows_within(candidate.open_time, train)]
        still += (values == values[:1]).all(axis=0)
    least = max(2.0, FILLED_SHARE * len(candidates))
    return {
        feature_set.names[column]: f"stands still in {still[column]} of {len(candidates)} symbols"
        for column in np.flatnonzero(still >= least).tolist()
    }


def require_acceptable(inactive: Collection[str], accepted: Collection[str], feature_set: FeatureSet) -> None:
    """Refuse a dataset with more than 20 inactive features beyond those accepted by name.

    Raises
    ------
    InvalidInputError
        `accepted` names something that is no feature of the set.
    DataQualityError
        Too many features are inactive.
    """
    unknown = sorted(set(accepted) - set(feature_set.names))
    if unknown:
        raise InvalidInputError(
            f"`accept_inactive` must name features of {feature_set.name}, was {', '.join(unknown)}."
        )
    refused = [name for name in feature_set.names if name in inactive and name not in accepted]
    if len(refused) > MAXIMUM_INACTIVE:
        again = [name for name in feature_set.names if name in inactive and name in accepted]
        least = ",".join([*again, *refused[MAXIMUM_INACTIVE:]])
        raise DataQualityError(
            f"At most {MAXIMUM_INACTIVE} features may be inactive, {len(refused)} are: {', '.join(refused)}. "
            f"Hint: the least that `dataset freeze` needs is `--accept-inactive {least}`."
        )


def complete_rows(candidate: Candidate, active: NDArray[np.bool_], end_ms: int) -> Candidate:
    """Return the rows before `end_ms` that have every active feature; inactive ones become 0."""
    whole = ~np.isnan(candidate.values[:, active]).any(axis=1) & (candidate.open_time < end_ms)
    kept = candidate.select(whole)
    return replace(kept, values=np.where(active, kept.values, np.float32(0.0)))


def segments(open_time: NDArray[np.int64], step_ms: int) -> NDArray[np.int32]:
    """Return a number per row that grows by one wherever a candle is missing between two rows."""
    return np.cumsum(np.diff(open_time, prepend=open_time[:1]) > step_ms, dtype=np.int32)
