import numpy as np
import pandas as pd
import pyarrow as pa

from include.core.columns import LONG_SHORT_RATIO, MACRO, OPEN_INTEREST, PRICE_CANDLES
from include.features.inputs import FeatureInputs
from include.features.matrix import compute
from include.features.registry import feature_set
from include.features.sources import funding_columns, read_inputs, read_shared, symbol_table
from include.features.store import feature_values, open_times
from include.lake.lake import Lake
from include.market.macro import fetch_series, open_fred
from include.market.retry import Retry
from tests.support.recorded import recorded
from tests.unit.features.conftest import BTC, ETH, SOL, eight_hourly
from tests.unit.features.samples import START_MS, STEP_MS, VENUE, candles, fill_lake, instants
from tests.unit.features.surroundings import HOUR, day
from tests.unit.market.answers import answer, answering

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


def test_a_later_vintage_in_the_lake_changes_no_feature_of_the_past(filled, frames):
    lake = Lake(filled.home.lake)
    before = compute(read_inputs(lake, VENUE, ETH, "4h", {}), MARKET94)
    seen = pd.Timestamp(int(frames[ETH]["open_time"].iloc[1500]), unit="ms", tz="UTC").as_unit("ms")
    tenyear = lake.read("macro", filters=[("series", "=", "DGS10")])
    tenyear = tenyear[tenyear["date"] <= seen - pd.Timedelta(days=7)].tail(3)
    revised = tenyear.assign(value=tenyear["value"] + 1.0, vintage=seen.normalize(), known_at=seen)
    lake.merge("macro", pa.Table.from_pandas(revised, schema=MACRO.schema, preserve_index=False))
    after = compute(read_inputs(lake, VENUE, ETH, "4h", {}), MARKET94)
    # the candle that closes at the instant of the change is the first that may know of it
    pd.testing.assert_frame_equal(after.iloc[:1499], before.iloc[:1499])
    changed = after["f_macro_yield_10y_change_days_5"] != before["f_macro_yield_10y_change_days_5"]
    assert changed.iloc[1499:1509].any()


def _rows(schema, **columns):
    frame = pd.DataFrame({"venue": VENUE, "symbol": ETH, "timeframe": "4h", **columns})
    return pa.Table.from_pandas(frame[list(schema.names)], schema=schema, preserve_index=False)


def test_positions_and_premium_of_the_lake_reach_the_candle_at_whose_close_they_are_known(filled, frames):
    lake, opened = Lake(filled.home.lake), frames[ETH]["open_time"].to_numpy()[:3]
    times, closes = instants(opened), instants(opened + STEP_MS)
    interest = _rows(
        OPEN_INTEREST.schema,
        timestamp=closes,
        open_interest=[100.0, 110.0, 99.0],
        open_interest_value=None,
        known_at=closes,
    )
    longs = _rows(
        LONG_SHORT_RATIO.schema,
        timestamp=closes,
        long_short_ratio=[1.5, 2.0, 0.5],
        long_share=None,
        short_share=None,
        known_at=closes,
    )
    prices = {"open": 0.0, "high": 0.01, "low": -0.01, "close": [-0.001, 0.0, 0.002]}
    premium = _rows(PRICE_CANDLES.schema, price="premium", open_time=times, **prices, known_at=closes)
    mark = _rows(PRICE_CANDLES.schema, price="mark", open_time=times, **prices | {"close": 9.0}, known_at=closes)
    for name, rows in (("open_interest", interest), ("long_short_ratio", longs)):
        lake.merge(name, rows)
    lake.merge("price_candles", pa.concat_tables([premium, mark]))
    given = read_inputs(lake, VENUE, ETH, "4h", lake.versions())
    ours = compute(given, MARKET94).iloc[:4]
    assert ours["f_sentiment_premium_1"].tolist()[:3] == [np.float32(value) for value in (-0.001, 0.0, 0.002)]
    np.testing.assert_allclose(ours["f_sentiment_long_short_1"][:3], np.log([1.5, 2.0, 0.5]), rtol=1e-6)
    np.testing.assert_allclose(
        ours["f_sentiment_open_interest_change_1"][1:3], np.log([110 / 100, 99 / 110]), rtol=1e-6
    )
    # nothing new is known at the fourth close, and the last value is one candle old, as old as it may be
    assert ours["f_sentiment_premium_1"].iloc[3] == np.float32(0.002)
    assert compute(given, MARKET94)["f_sentiment_premium_1"].iloc[4:].isna().all()


def test_the_past_never_sees_the_later_of_two_real_vintages(settings):
    """Both recorded vintages of DTWEXBGS, served over HTTP as if FRED had replaced every value on 2 June 2025."""
    told = pd.read_parquet(recorded("defects/dtwexbgs_two_vintages.parquet"))
    told = told[(told["date"] >= "2024-01-02") & (told["date"] <= "2025-06-20")]
    days = pd.to_datetime(told["date"])
    mondays = days + pd.to_timedelta(7 - days.dt.day_of_week, unit="D")
    replaced = pd.Timestamp("2025-06-02")
    is_replaced = mondays < replaced
    first = _observed(told["vintage_2026_01"], days, mondays)
    second = _observed(told["vintage_2026_08"][is_replaced], days, mondays.where(~is_replaced, replaced))
    start = day("2025-05-10")
    frame = candles(180).assign(open_time=start + STEP_MS * np.arange(180))
    plain, revised = (_dollar_features(settings, frame, served) for served in (first, [*first, *second]))
    is_later = frame["open_time"].to_numpy() + STEP_MS >= day("2025-06-02") + 22 * HOUR
    pd.testing.assert_frame_equal(plain[~is_later], revised[~is_later])
    assert plain[~is_later].notna().all().all()
    assert (plain[is_later] != revised[is_later])["f_macro_dollar_z_days_20"].all()


def _observed(values, days, published):
    return [
        {"realtime_start": str(published[row].date()), "date": str(days[row].date()), "value": str(value)}
        for row, value in values.items()
    ]


def _dollar_features(settings, frame, observations):
    served = answering(answer({"count": len(observations), "observations": observations}))
    now = pd.Timestamp("2025-07-01", tz="UTC").to_pydatetime()
    with served as (url, _), open_fred(settings.model_copy(update={"fred_url": url})) as client:
        sifted = fetch_series(client, Retry(), "DTWEXBGS", now)
    assert sifted.refused == ()
    lake = Lake(settings.home.lake)
    lake.merge("macro", sifted.rows)
    given = FeatureInputs(frame, "4h", macro=read_shared(lake, VENUE, "4h", {}).macro)
    names = ["f_macro_dollar_change_days_1", "f_macro_dollar_change_days_5", "f_macro_dollar_z_days_20"]
    return compute(given, MARKET94)[names].reset_index(drop=True)
