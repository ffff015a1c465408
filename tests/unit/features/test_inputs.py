from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from include.core.errors import InvalidInputError
from include.features.inputs import FeatureInputs, contiguous_runs, other_sources, run_positions
from include.features.timelines import epoch_ms, timeline
from tests.unit.features.samples import START_MS, STEP_MS, candles, inputs, instants
from tests.unit.features.surroundings import around


def test_times_may_be_instants_or_milliseconds_column_or_index():
    frame = candles(3)
    expected = frame["open_time"].tolist()
    as_instants = frame.assign(open_time=instants(frame["open_time"]))
    for given in (frame, as_instants, as_instants.set_index("open_time"), frame.set_index("open_time")):
        assert FeatureInputs(given).open_time.tolist() == expected


def test_times_of_another_kind_are_refused():
    with pytest.raises(InvalidInputError, match="`open_time` must hold UTC datetimes or epoch milliseconds"):
        epoch_ms(pd.DataFrame({"open_time": [1.5]}), "open_time")
    with pytest.raises(InvalidInputError, match="`open_time` must be a column or the index"):
        epoch_ms(pd.DataFrame({"time": [1]}), "open_time")


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([1, 0, 2], r"in order of open_time, has 2024-01-01 00:00 UTC after 2024-01-01 04:00 UTC\. Hint: sort\."),
        ([0, 1, 1], r"each open_time once, has 2024-01-01 04:00 UTC again\. Hint: drop duplicates\."),
    ],
)
def test_disorder_and_duplicates_are_refused_with_the_first_instant(order, message):
    with pytest.raises(InvalidInputError, match=message):
        _ = FeatureInputs(candles(3).iloc[order]).open_time


def test_the_timeframe_is_given_or_a_column_or_the_shortest_step():
    frame = candles(10, missing=(1,))
    assert FeatureInputs(frame, "4h").step_ms == STEP_MS
    assert FeatureInputs(frame.assign(timeframe="1h")).step_ms == STEP_MS // 4
    assert FeatureInputs(frame).step_ms == STEP_MS
    assert FeatureInputs(frame.head(1)).step_ms == 60_000


def test_candles_off_the_grid_are_refused():
    with pytest.raises(InvalidInputError, match=r"`candles` must lie on one grid of 1d, did not\.$"):
        _ = FeatureInputs(candles(5), "1d").step_ms


def test_a_missing_candle_starts_a_new_segment():
    parts = list(FeatureInputs(candles(10, missing=(4, 7)), "4h").segments())
    assert [(rows.start, rows.stop) for rows, _ in parts] == [(0, 4), (4, 6), (6, 8)]
    assert parts[1][1].open_time.tolist() == [START_MS + 5 * STEP_MS, START_MS + 6 * STEP_MS]
    assert all(len(segment.close) == rows.stop - rows.start for rows, segment in parts)


def test_taker_volume_is_missing_where_the_source_has_none():
    nullable = pd.array([1.0, None, 2.0], dtype="Float64")
    (_, segment), *_ = FeatureInputs(candles(3).assign(taker_buy_volume=nullable), "4h").segments()
    np.testing.assert_array_equal(segment.taker_buy_volume, [1.0, np.nan, 2.0])
    (_, without), *_ = FeatureInputs(candles(3).drop(columns="taker_buy_volume"), "4h").segments()
    assert np.isnan(without.taker_buy_volume).all()


@pytest.mark.parametrize(("column", "value"), [("close", 0.0), ("high", np.inf), ("low", np.nan), ("volume", -1.0)])
def test_unsound_candles_are_refused_with_their_row(column, value):
    frame = candles(3)
    frame.loc[1, column] = value
    with pytest.raises(InvalidInputError, match=rf"`candles\.{column}` must be finite and .*, was {value} in row 1"):
        list(FeatureInputs(frame, "4h").segments())


def test_a_missing_column_is_named():
    with pytest.raises(InvalidInputError, match="`candles` must have a column `volume`, had open_time, open"):
        list(FeatureInputs(candles(3).drop(columns="volume"), "4h").segments())


def test_runs_and_positions_count_from_each_gap():
    times = np.array([0, 10, 20, 40, 50, 90])
    assert [(run.start, run.stop) for run in contiguous_runs(times, 10)] == [(0, 3), (3, 5), (5, 6)]
    assert run_positions(times, 10).tolist() == [0, 1, 2, 0, 1, 0]
    assert run_positions(times[:0], 10).tolist() == []


def test_other_sources_are_the_frames_beside_the_candles():
    macro = pd.DataFrame({"known_at": [1]})
    assert list(other_sources(FeatureInputs(candles(1), macro=macro))) == ["macro"]


def test_a_timeline_is_in_order_of_knowledge_then_of_events_and_holds_values_only():
    frame = pd.DataFrame({"date": [3, 1, 2, 4], "value": [30, 10, 20, None], "known_at": [9, 9, 8, 7]})
    line = timeline(frame.convert_dtypes(), "date", "value")
    assert line.known_at.tolist() == [8, 9, 9]
    assert line.event.tolist() == [2, 1, 3]
    assert line.value.tolist() == [20.0, 10.0, 30.0]


@pytest.mark.parametrize("frame", [None, pd.DataFrame({"date": [], "value": [], "known_at": []})])
def test_a_source_that_is_absent_is_an_empty_timeline(frame):
    line = timeline(frame, "date", "value")
    assert len(line.known_at) == len(line.event) == len(line.value) == 0


def test_every_source_has_its_timeline():
    given = around(candles(50))
    for line in (given.funding_line, given.open_interest_line, given.long_short_line, given.premium_line):
        assert len(line.value) >= 50 // 2
    assert len(given.fear_greed_line.value) >= 28
    assert sorted(given.macro_lines) == ["DFII10", "DGS10", "DGS2", "DTWEXBGS", "FEDFUNDS", "VIXCLS"]
    btc = given.reference_lines["BTC/USDT:USDT"]
    assert (btc.known_at - btc.event == STEP_MS).all()
    assert inputs(candles(5)).macro_lines == inputs(candles(5)).reference_lines == {}


def test_an_unsound_reference_is_refused_with_its_symbol():
    spoiled = candles(5)
    spoiled.loc[3, "close"] = 0.0
    with pytest.raises(InvalidInputError, match=r"`reference\[BTC/USDT:USDT\]\.close` must be .*, was 0\.0 in row 3"):
        _ = replace(inputs(candles(5)), reference={"BTC/USDT:USDT": spoiled}).reference_lines
