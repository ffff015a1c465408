"""What features are computed from, out of the lake: one symbol at a time, at one version of each table."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from include.features import store
from include.features.families.macro_specs import REFERENCES
from include.features.inputs import FeatureInputs
from include.features.matrix import compute
from include.features.settlements import candle_funding
from include.features.spec import FeatureSet
from include.features.timelines import Shared, epoch_ms
from include.lake.filters import Condition
from include.lake.lake import Lake

_CANDLES = ("open_time", *store.CANDLE_COLUMNS, "taker_buy_volume")
_CLOSES = ("open_time", "close")
_FUNDING = ("funding_time", "funding_rate", "known_at")
_OPEN_INTEREST = ("timestamp", "open_interest", "known_at")
_LONG_SHORT = ("timestamp", "long_short_ratio", "known_at")
_PREMIUM = ("open_time", "close", "known_at")
_FEAR_GREED = ("timestamp", "value", "known_at")
_MACRO = ("series", "date", "value", "known_at")
# a table that does not exist yet is a source that is absent
TABLES = (
    "candles",
    "funding_rates",
    "open_interest",
    "long_short_ratio",
    "price_candles",
    "fear_greed",
    "macro",
)


def read_shared(lake: Lake, venue: str, timeframe: str, versions: Mapping[str, int]) -> Shared:
    """Return fear & greed, macro and reference candles at the given table versions; a missing version is the newest."""
    reference = {symbol: _candles(lake, venue, symbol, timeframe, versions, _CLOSES) for symbol in REFERENCES}
    return Shared(
        fear_greed=lake.read("fear_greed", _FEAR_GREED, version=versions.get("fear_greed")),
        macro=lake.read("macro", _MACRO, version=versions.get("macro")),
        reference={symbol: frame for symbol, frame in reference.items() if len(frame)},
    )


def read_inputs(
    lake: Lake, venue: str, symbol: str, timeframe: str, versions: Mapping[str, int], shared: Shared | None = None
) -> FeatureInputs:
    """Return what the lake holds on `symbol` at the given table versions.

    Parameters
    ----------
    lake : Lake
        Tables it does not hold are sources that are absent.
    venue, symbol, timeframe : str
        Which candles.
    versions : mapping
        Version by table; the newest where there is none.
    shared : Shared or None
        From `read_shared`, for a build of many symbols; None reads it.
    """
    shared = shared or read_shared(lake, venue, timeframe, versions)
    of_symbol: list[Condition] = [("venue", "=", venue), ("symbol", "=", symbol)]
    of_candles: list[Condition] = [*of_symbol, ("timeframe", "=", timeframe)]

    def own(table: str, names: tuple[str, ...], conditions: list[Condition]) -> pd.DataFrame:
        return lake.read(table, names, conditions, versions.get(table))

    premium = own("price_candles", _PREMIUM, [*of_candles, ("price", "=", "premium")])
    return FeatureInputs(
        _candles(lake, venue, symbol, timeframe, versions, _CANDLES),
        timeframe,
        funding=own("funding_rates", _FUNDING, of_symbol),
        open_interest=own("open_interest", _OPEN_INTEREST, of_candles),
        long_short=own("long_short_ratio", _LONG_SHORT, of_candles),
        premium_index=premium.rename(columns={"open_time": "timestamp", "close": "premium_index"}),
        fear_greed=shared.fear_greed,
        macro=shared.macro,
        reference=shared.reference,
        shared=shared,
    )


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


def _candles(
    lake: Lake, venue: str, symbol: str, timeframe: str, versions: Mapping[str, int], names: tuple[str, ...]
) -> pd.DataFrame:
    conditions: list[Condition] = [("venue", "=", venue), ("symbol", "=", symbol), ("timeframe", "=", timeframe)]
    return lake.read("candles", names, conditions, versions.get("candles"))
