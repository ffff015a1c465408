import numpy as np
import pandas as pd

from include.features.inputs import FeatureInputs
from include.features.matrix import compute
from include.features.registry import feature_set
from include.features.sources import funding_columns, read_inputs, symbol_table
from include.features.store import feature_values, open_times
from include.lake.lake import Lake
from tests.unit.features.conftest import BTC, SOL
from tests.unit.features.samples import START_MS, STEP_MS, candles, fill_lake

MARKET94 = feature_set("market94")


def test_inputs_are_the_symbols_own_rows_in_order(filled, frames):
    given = read_inputs(Lake(filled.home.lake), BTC, "4h", {})
    assert given.open_time.tolist() == frames[BTC]["open_time"].tolist()
    np.testing.assert_array_equal(given.candles["taker_buy_volume"], frames[BTC]["taker_buy_volume"])
    assert set(given.funding["funding_rate"]) == {1e-4}


def test_an_absent_symbol_or_timeframe_has_no_candles(filled):
    lake = Lake(filled.home.lake)
    assert len(read_inputs(lake, SOL, "4h", {}).candles) == 0
    assert len(read_inputs(lake, BTC, "1h", {}).candles) == 0


def test_an_older_version_is_read_as_it_was(three_symbols):
    lake = Lake(three_symbols.home.lake)
    fill_lake(lake, {BTC: candles(10)})
    older = lake.versions()
    fill_lake(lake, {BTC: candles(12)})
    assert len(read_inputs(lake, BTC, "4h", older).candles) == 10
    assert len(read_inputs(lake, BTC, "4h", lake.versions()).candles) == 12


def test_the_stored_form_holds_candles_funding_and_features(filled, frames):
    given = read_inputs(Lake(filled.home.lake), BTC, "4h", {})
    table = symbol_table(given, MARKET94)
    market = [
        "open_time",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "funding_inner",
        "funding_at_close",
        "funding_assumed",
    ]
    assert table.column_names == [*market, *MARKET94.names]
    assert open_times(table).tolist() == frames[BTC]["open_time"].tolist()
    np.testing.assert_array_equal(table["close"].to_numpy(), frames[BTC]["close"])
    np.testing.assert_array_equal(feature_values(table, MARKET94.names), compute(given, MARKET94).to_numpy())
    assert table["funding_at_close"].to_pylist()[:4] == [0.0, 1e-4, 0.0, 1e-4]


def test_without_funding_every_hour_is_assumed():
    columns = funding_columns(FeatureInputs(candles(3), "4h"))
    assert columns["funding_assumed"].tolist() == [4.0, 4.0, 4.0]
    assert columns["funding_inner"].tolist() == columns["funding_at_close"].tolist() == [0.0, 0.0, 0.0]


def test_funding_times_reach_their_candles():
    settled = pd.DataFrame({"funding_time": [START_MS + STEP_MS // 4, START_MS + STEP_MS], "funding_rate": [0.1, 0.2]})
    columns = funding_columns(FeatureInputs(candles(1), "4h", funding=settled))
    assert {name: values.tolist() for name, values in columns.items()} == {
        "funding_inner": [0.1],
        "funding_at_close": [0.2],
        "funding_assumed": [0.0],
    }
