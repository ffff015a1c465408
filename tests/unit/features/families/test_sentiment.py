"""The sentiment features against their formulas in plain Python, on recorded sources and around them."""

from dataclasses import replace
from math import log
from statistics import fmean, pstdev

import numpy as np
import pandas as pd
import pytest

from include.features.families.sentiment import FAMILY
from include.features.matrix import compute
from include.features.registry import feature_set
from include.features.spec import FeatureSet
from tests.support.recorded import recorded
from tests.unit.features.samples import START_MS, STEP_MS, candles, inputs
from tests.unit.features.surroundings import DAY, HOUR, around, recorded_inputs, settlements

SENTIMENT = FeatureSet("sentiment", (FAMILY,))
NAMES = [name.removeprefix("f_sentiment_") for name in SENTIMENT.names]
NAN = float("nan")


def _features(given):
    return compute(given, SENTIMENT).rename(columns=lambda name: name.removeprefix("f_sentiment_"))


def _between(rows, after, until):
    return [rate for time, rate in rows if after < time <= until]


def _whole(rows, after, until):
    """Every eight hours of the window hold a settlement, read hour by hour."""
    return all(_between(rows, hour - 8 * HOUR, hour) for hour in range(after + 8 * HOUR, until + 1, HOUR))


def _funding(given, close):
    rows = list(zip(given.funding["funding_time"].tolist(), given.funding["funding_rate"].tolist(), strict=True))
    known = [row for row in rows if row[0] <= close]
    if not known or close - max(known)[0] > 8 * HOUR:
        return {"funding_rate_1": NAN, "funding_z_90": NAN, "funding_sum_days_3": NAN}
    last, rate = max(known)
    eights = [_between(known, last - 8 * HOUR * (k + 1), last - 8 * HOUR * k) for k in range(90)]
    totals = [sum(rates) for rates in eights]
    z_known = _whole(known, last - 720 * HOUR, last)
    spread = pstdev(totals)
    return {
        "funding_rate_1": rate,
        "funding_z_90": ((totals[0] - fmean(totals)) / spread if spread > 1e-12 else 0.0) if z_known else NAN,
        "funding_sum_days_3": sum(_between(known, last - 72 * HOUR, last))
        if _whole(known, last - 72 * HOUR, last)
        else NAN,
    }


def _mood(given, close):
    values = dict(zip(given.fear_greed["timestamp"].tolist(), given.fear_greed["value"].tolist(), strict=True))

    def level(instant):
        known = [day for day in values if instant - 2 * DAY <= day + DAY <= instant]
        return values[max(known)] / 100 if known else NAN

    return {"fear_greed_1": level(close), "fear_greed_change_days_7": level(close) - level(close - 7 * DAY)}


# BTC settles every 8 hours, ENA changed to 4, OGN from 8 to 4 to 1; BNB lacks half a year
@pytest.mark.parametrize("symbol", ["BTCUSDT", "ENAUSDT", "OGNUSDT", "BNBUSDT"])
def test_funding_and_mood_follow_their_formulas_on_recorded_data(symbol):
    given = recorded_inputs(symbol)
    ours = _features(given)
    rows = [0, 300, 1200, 1201, 1900, 2500, 2700, 2850, 2990, 2999]
    for row in rows:
        close = int(given.open_time[row]) + STEP_MS
        for key, expected in (_funding(given, close) | _mood(given, close)).items():
            assert ours[key].iloc[row] == pytest.approx(expected, rel=1e-5, abs=1e-7, nan_ok=True), (key, row)
    assert ours["funding_z_90"].iloc[rows].notna().any()


def test_recorded_sources_that_are_absent_have_no_value():
    ours = _features(recorded_inputs("BTCUSDT"))
    absent = ["premium_1", "open_interest_change_1", "open_interest_change_hours_24", "long_short_1"]
    absent.append("taker_imbalance_hours_24")
    assert [name for name in ours if ours[name].isna().all()] == absent


def test_candles_alone_have_the_taker_imbalance_alone():
    ours = _features(inputs(candles(20)))
    assert [name for name in ours if ours[name].notna().any()] == ["taker_imbalance_hours_24"]


def test_positions_follow_their_formulas():
    given = around(candles(40, seed=3))
    ours = _features(given)
    interest, ratio, premium = (
        dict(zip(frame["timestamp"].tolist(), frame[name].tolist(), strict=True))
        for frame, name in (
            (given.open_interest, "open_interest"),
            (given.long_short, "long_short_ratio"),
            (given.premium_index, "premium_index"),
        )
    )
    for row in (0, 1, 7, 39):
        close = int(given.open_time[row]) + STEP_MS
        expected = {
            "premium_1": premium[close],
            "open_interest_change_1": log(interest[close] / interest[close - STEP_MS]),
            "open_interest_change_hours_24": log(interest[close] / interest[close - DAY]),
            "long_short_1": log(ratio[close]),
        }
        for key, number in expected.items():
            assert ours[key].iloc[row] == pytest.approx(number, rel=1e-5, abs=1e-9), key


def test_open_interest_and_long_short_follow_their_formulas_on_recorded_data():
    own = [("symbol", "=", "BTCUSDT")]
    interest = pd.read_parquet(recorded("open_interest_4h.parquet"), filters=own)
    ratio = pd.read_parquet(recorded("long_short_ratio_1h_btc.parquet"))
    given = replace(
        recorded_inputs("BTCUSDT"),
        open_interest=interest.assign(open_interest=interest["sum_open_interest"], known_at=interest["timestamp"]),
        long_short=ratio.assign(known_at=ratio["timestamp"]),
    )
    ours = _features(given)
    held = dict(zip(interest["timestamp"].tolist(), interest["sum_open_interest"].tolist(), strict=True))
    leaning = dict(zip(ratio["timestamp"].tolist(), ratio["long_short_ratio"].tolist(), strict=True))

    def change(close, before):
        return log(held[close] / held[close - before]) if {close, close - before} <= held.keys() else NAN

    for row in (2500, 2900, 2930, 2960, 2998):
        close = int(given.open_time[row]) + STEP_MS
        expected = {
            "open_interest_change_1": change(close, STEP_MS),
            "open_interest_change_hours_24": change(close, DAY),
            "long_short_1": log(leaning[close]) if close in leaning else NAN,
        }
        for key, number in expected.items():
            assert ours[key].iloc[row] == pytest.approx(number, rel=1e-5, abs=1e-9, nan_ok=True), (key, row)
    assert ours[["open_interest_change_1", "long_short_1"]].notna().sum().min() > 70


def test_taker_imbalance_is_bought_minus_sold_over_the_day():
    frame = candles(30, seed=4)
    ours = _features(inputs(frame))["taker_imbalance_hours_24"]
    assert ours.iloc[:5].isna().all()
    for row in (5, 17, 29):
        bought, volume = (sum(frame[name].iloc[row - 5 : row + 1]) for name in ("taker_buy_volume", "volume"))
        assert ours.iloc[row] == pytest.approx((bought - (volume - bought)) / volume, rel=1e-6)
    lacking = frame.assign(taker_buy_volume=frame["taker_buy_volume"].where(frame.index != 10))
    assert np.flatnonzero(_features(inputs(lacking))["taker_imbalance_hours_24"].isna()).tolist() == [
        *range(5),
        *range(10, 16),
    ]


def test_a_day_without_trades_leans_to_neither_side():
    still = candles(10).assign(volume=0.0, taker_buy_volume=0.0)
    assert _features(inputs(still))["taker_imbalance_hours_24"].iloc[5:].tolist() == [0.0] * 5


def _with_funding(frame, hours_and_rates):
    times = np.array([START_MS + hour * HOUR for hour in hours_and_rates], dtype=np.int64)
    settled = pd.DataFrame({"funding_time": times, "funding_rate": list(hours_and_rates.values()), "known_at": times})
    return _features(replace(inputs(frame), funding=settled))


def test_the_sum_of_three_days_is_the_same_at_any_interval():
    for hours in (1, 4, 8):
        rates = dict.fromkeys(range(-80, 81, hours), hours * 1e-5)
        sums = _with_funding(candles(20), rates)["funding_sum_days_3"]
        np.testing.assert_allclose(sums, 72e-5, rtol=1e-6)


def test_a_change_of_interval_leaves_the_sum_where_it_was():
    slow = dict.fromkeys(range(-160, 1, 8), 8e-5)
    ours = _with_funding(candles(20), slow | dict.fromkeys(range(4, 41, 4), 4e-5) | dict.fromkeys(range(41, 81), 1e-5))
    # while the window's start halves a slow settlement, that one is in or out as a whole
    np.testing.assert_allclose(ours["funding_sum_days_3"], [76e-5, 72e-5] * 9 + [72e-5] * 2, rtol=1e-6)


def test_a_settlement_is_known_at_its_instant_and_stands_for_eight_hours():
    # rows close 4, 8, 12, … hours after the start; the settlement of 8 h is the last
    rate = _with_funding(candles(6), {0: 1e-4, 8: 3e-4})["funding_rate_1"]
    np.testing.assert_allclose(rate, [1e-4, 3e-4, 3e-4, 3e-4, NAN, NAN], rtol=1e-6)


def test_a_settlement_that_is_a_little_late_leaves_no_hole():
    # the one of 72 h is not there yet when the candle closes: the sum of the one before stands
    hours = dict.fromkeys(range(-160, 72, 8), 1e-4)
    ours = _with_funding(candles(19), hours)["funding_sum_days_3"]
    np.testing.assert_allclose(ours.iloc[16:18], 9e-4, rtol=1e-6)
    assert np.isnan(ours.iloc[18])


def test_a_hole_in_the_funding_silences_sum_and_score_but_not_the_rate():
    hours = dict.fromkeys((hour for hour in range(-800, 161, 8) if hour not in (48, 56)), 1e-4)
    ours = _with_funding(candles(40), hours)
    close = {row: 4 * (row + 1) for row in range(40)}
    silent = [row for row in range(40) if 48 < close[row] < 64]
    assert np.flatnonzero(ours["funding_rate_1"].isna()).tolist() == silent
    # a window of three days that ends at 128 h or later begins behind the hole
    last = {row: hour - hour % 8 for row, hour in close.items()}
    assert np.flatnonzero(ours["funding_sum_days_3"].isna()).tolist() == [
        row for row in range(40) if row in silent or 64 <= last[row] < 128
    ]
    assert np.flatnonzero(ours["funding_z_90"].isna()).tolist() == [
        row for row in range(40) if row in silent or last[row] >= 64
    ]


def test_equal_funding_scores_zero():
    ours = _with_funding(candles(20), dict.fromkeys(range(-800, 81, 8), 1e-4))
    assert set(ours["funding_z_90"]) == {0.0}


def test_a_missing_day_of_fear_and_greed_is_carried_for_one_day():
    start = START_MS - 20 * DAY
    days = [start + k * DAY for k in range(30) if k not in (22, 25, 26)]
    index = pd.DataFrame({"timestamp": days, "value": range(len(days)), "known_at": [day + DAY for day in days]})
    ours = _features(replace(inputs(candles(60)), fear_greed=index))["fear_greed_1"]
    # the value of a day is known at its end; days 25 and 26 are two in a row
    known_days = {close: (START_MS + close * HOUR - start) // DAY - 1 for close in range(4, 241, 4)}
    lacking = [row for row in range(60) if known_days[4 * (row + 1)] == 26 and (4 * (row + 1)) % 24]
    assert np.flatnonzero(ours.isna()).tolist() == lacking


def test_the_order_and_number_are_the_documented_ones():
    assert NAMES == [
        "funding_rate_1",
        "funding_z_90",
        "funding_sum_days_3",
        "premium_1",
        "open_interest_change_1",
        "open_interest_change_hours_24",
        "long_short_1",
        "taker_imbalance_hours_24",
        "fear_greed_1",
        "fear_greed_change_days_7",
    ]
    assert [spec for spec in feature_set("market94").specs if spec.family == "sentiment"] == list(SENTIMENT.specs)


def test_other_timeframes_take_the_same_spans_of_time():
    frame = candles(400, seed=5)
    minutes = frame.assign(open_time=START_MS + 60_000 * np.arange(400))
    rng = np.random.default_rng(0)
    funding = settlements(START_MS - 40 * DAY, START_MS + 2 * DAY, 8, rng)
    slow = _features(replace(inputs(frame), funding=funding))
    fast = _features(replace(inputs(minutes), timeframe="1m", funding=funding))
    # the first four hours of minutes end where the first candle of four hours ends
    for name in ("funding_rate_1", "funding_z_90", "funding_sum_days_3"):
        assert fast[name].iloc[239] == slow[name].iloc[0], name
