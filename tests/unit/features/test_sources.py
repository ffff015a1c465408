import json

import numpy as np
import pandas as pd
import pyarrow as pa

from include.core.columns import MACRO, REVISIONS
from include.features.inputs import FeatureInputs
from include.features.matrix import compute
from include.features.registry import feature_set
from include.features.sources import funding_columns, read_inputs, read_shared, symbol_table, vintages
from include.features.store import feature_values, open_times
from include.lake.lake import Lake
from tests.unit.features.conftest import BTC, ETH, SOL, eight_hourly
from tests.unit.features.samples import START_MS, STEP_MS, VENUE, candles, fill_lake, instants
from tests.unit.features.surroundings import DAY, HOUR, day

MARKET94 = feature_set("market94")


def test_inputs_are_the_symbols_own_rows_in_order(filled, frames):
    given = read_inputs(Lake(filled.home.lake), VENUE, BTC, "4h", {})
    assert given.open_time.tolist() == frames[BTC]["open_time"].tolist()
    np.testing.assert_array_equal(given.candles["taker_buy_volume"], frames[BTC]["taker_buy_volume"])
    assert given.funding["funding_rate"].tolist() == list(eight_hourly().values())
    assert set(given.macro["series"]) == {"DTWEXBGS", "DGS10", "DGS2", "DFII10", "VIXCLS", "FEDFUNDS"}
    assert len(given.fear_greed) > 300
    assert list(given.reference) == [BTC, ETH]
    assert [len(frame) for frame in (given.open_interest, given.long_short, given.premium_index)] == [0, 0, 0]


def test_an_absent_symbol_or_timeframe_has_no_candles(filled):
    lake = Lake(filled.home.lake)
    assert len(read_inputs(lake, VENUE, SOL, "4h", {}).candles) == 0
    assert len(read_inputs(lake, VENUE, BTC, "1h", {}).candles) == 0


def test_an_older_version_is_read_as_it_was(three_symbols):
    lake = Lake(three_symbols.home.lake)
    fill_lake(lake, {BTC: candles(10)})
    older = lake.versions()
    fill_lake(lake, {BTC: candles(12)})
    assert len(read_inputs(lake, VENUE, BTC, "4h", older).candles) == 10
    assert len(read_inputs(lake, VENUE, BTC, "4h", lake.versions()).candles) == 12


def test_the_stored_form_holds_candles_funding_and_features(filled, frames):
    given = read_inputs(Lake(filled.home.lake), VENUE, BTC, "4h", {})
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
    rates = list(eight_hourly().values())
    assert table["funding_at_close"].to_pylist()[:4] == [0.0, rates[1], 0.0, rates[2]]


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


def test_what_all_symbols_share_is_read_once(filled):
    lake = Lake(filled.home.lake)
    shared = read_shared(lake, VENUE, "4h", lake.versions())
    given = read_inputs(lake, VENUE, ETH, "4h", lake.versions(), shared)
    assert given.macro is shared.macro
    assert given.reference is shared.reference
    pd.testing.assert_frame_equal(compute(given, MARKET94), compute(read_inputs(lake, VENUE, ETH, "4h", {}), MARKET94))


def test_an_empty_lake_has_no_shared_sources(three_symbols):
    shared = read_shared(Lake(three_symbols.home.lake), VENUE, "4h", {})
    assert shared.reference == {}
    assert len(shared.macro) == len(shared.fear_greed) == 0


def _stored(values):
    days = instants([day(text) for text in values])
    known = instants([day(text) + DAY + 22 * HOUR for text in values])
    return pd.DataFrame({"series": "DGS10", "date": days, "value": list(values.values()), "known_at": known})


def _changed(*rows):
    keys = [json.dumps({"series": "DGS10", "date": f"{about}T00:00:00+00:00"}) for about, *_ in rows]
    seen = instants([seen for *_, seen in rows])
    old, new = ([str(row[place]) for row in rows] for place in (1, 2))
    return pd.DataFrame({"key": keys, "column": "value", "old_value": old, "new_value": new, "seen_at": seen})


def test_a_value_that_was_replaced_stays_what_it_was_until_the_change_was_seen():
    stored = _stored({"2024-01-02": 4.2, "2024-01-03": 4.5})
    first, second = day("2024-02-01"), day("2024-03-01")
    told = vintages(stored, _changed(("2024-01-02", 4.1, 4.2, second), ("2024-01-02", 4.0, 4.1, first)))
    released = day("2024-01-03") + 22 * HOUR
    rows = sorted(zip(told["date"].astype(str), told["known_at"], told["value"], strict=True))
    assert [(about[:10], known, value) for about, known, value in rows] == [
        ("2024-01-02", pd.Timestamp(released, unit="ms", tz="UTC"), 4.0),
        ("2024-01-02", pd.Timestamp(first, unit="ms", tz="UTC"), 4.1),
        ("2024-01-02", pd.Timestamp(second, unit="ms", tz="UTC"), 4.2),
        ("2024-01-03", pd.Timestamp(released + DAY, unit="ms", tz="UTC"), 4.5),
    ]
    assert dict(told.dtypes) == dict(stored.dtypes)


def test_macro_that_never_changed_is_as_stored():
    stored = _stored({"2024-01-02": 4.2})
    assert vintages(stored, _changed().assign(column="value")) is stored


def test_a_revision_in_the_lake_changes_no_feature_of_the_past(filled, frames):
    lake = Lake(filled.home.lake)
    before = compute(read_inputs(lake, VENUE, ETH, "4h", {}), MARKET94)
    seen = int(frames[ETH]["open_time"].iloc[1500])
    tenyear = lake.read("macro", filters=[("series", "=", "DGS10")])
    tenyear = tenyear[tenyear["date"] <= pd.Timestamp(seen - 7 * DAY, unit="ms", tz="UTC")].tail(3)
    revised = tenyear.assign(value=tenyear["value"] + 1.0)
    notes = [
        {
            "source": "macro",
            "key": json.dumps({"series": "DGS10", "date": row.date.isoformat()}),
            "column": "value",
            "old_value": str(row.value),
            "new_value": str(row.value + 1.0),
            "seen_at": pd.Timestamp(seen, unit="ms", tz="UTC").to_pydatetime(),
        }
        for row in tenyear.itertuples()
    ]
    lake.append("revisions", pa.Table.from_pylist(notes, schema=REVISIONS.schema))
    lake.merge("macro", pa.Table.from_pandas(revised, schema=MACRO.schema, preserve_index=False))
    after = compute(read_inputs(lake, VENUE, ETH, "4h", {}), MARKET94)
    # the candle that closes at the instant of the change is the first that may know of it
    pd.testing.assert_frame_equal(after.iloc[:1499], before.iloc[:1499])
    changed = after["f_macro_yield_10y_change_days_5"] != before["f_macro_yield_10y_change_days_5"]
    assert changed.iloc[1499:1509].any()
