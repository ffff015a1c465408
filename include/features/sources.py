"""What features are computed from, out of the lake: one symbol at a time, at one version of each table."""

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from include.features import store
from include.features.inputs import FeatureInputs, epoch_ms
from include.features.matrix import compute
from include.features.settlements import candle_funding
from include.features.spec import FeatureSet
from include.lake.lake import Lake

TABLES = ("candles", "funding_rates")
_CANDLES = ("open_time", *store.CANDLE_COLUMNS, "taker_buy_volume")
_FUNDING = ("funding_time", "funding_rate", "known_at")


def read_inputs(lake: Lake, symbol: str, timeframe: str, versions: dict[str, int]) -> FeatureInputs:
    """Return what the lake holds on `symbol` at the given table versions."""
    own = ("symbol", "=", symbol)
    candles = lake.read("candles", _CANDLES, [own, ("timeframe", "=", timeframe)], versions.get("candles"))
    funding = lake.read("funding_rates", _FUNDING, [own], versions.get("funding_rates"))
    return FeatureInputs(candles, timeframe, funding=funding)


def symbol_table(inputs: FeatureInputs, feature_set: FeatureSet) -> pa.Table:
    """Return the stored form of one symbol: open times, candles, funding columns, features."""
    market = {name: inputs.candles[name].to_numpy(np.float64) for name in store.CANDLE_COLUMNS}
    return store.to_table(inputs.open_time, market | funding_columns(inputs), compute(inputs, feature_set))


def funding_columns(inputs: FeatureInputs) -> dict[str, NDArray[np.float64]]:
    """Return the funding columns of every candle of `inputs`, float64 (rows,) each, by column name."""
    settled = pd.DataFrame() if inputs.funding is None else inputs.funding
    times = epoch_ms(settled, "funding_time") if len(settled) else np.zeros(0, dtype=np.int64)
    rates = settled["funding_rate"].to_numpy(np.float64) if len(settled) else np.zeros(0)
    funding = candle_funding(inputs.open_time, inputs.step_ms, times, rates)
    return dict(zip(store.FUNDING_COLUMNS, (funding.inner, funding.at_close, funding.assumed), strict=True))
