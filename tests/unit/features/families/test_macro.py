"""The macro features against their formulas in plain Python, on recorded sources and around them."""

from dataclasses import replace
from math import log
from statistics import correlation as pearson
from statistics import covariance, fmean, pstdev, variance

import numpy as np
import pandas as pd
import pytest

from include.core.clock import to_ms
from include.features.families.macro import FAMILY
from include.features.families.macro_specs import BTC, BTCDOM, ETH, GOLD
from include.features.inputs import FeatureInputs
from include.features.matrix import compute
from include.features.registry import feature_set
from include.features.spec import FeatureSet
from tests.support.recorded import recorded
from tests.unit.features.samples import START_MS, STEP_MS, candles, flat_candles, inputs
from tests.unit.features.surroundings import DAY, HOUR, around, day, recorded_inputs

MACRO = FeatureSet("macro", (FAMILY,))
MAXIMUM_DAYS = {"DTWEXBGS": 10, "FEDFUNDS": 40}
NAN = float("nan")


def _features(given):
    return compute(given, MACRO).rename(columns=lambda name: name.removeprefix("f_macro_"))


def _observations(macro, series, close):
    """Values by day as known at `close`, oldest first; none when the newest is too old."""
    rows = macro[macro["series"] == series]
    days = [to_ms(stamp.to_pydatetime()) for stamp in rows["date"]]
    released = [to_ms(stamp.to_pydatetime()) for stamp in rows["known_at"]]
    told = sorted(zip(released, days, rows["value"].tolist(), strict=True))
    told = [row for row in told if row[0] <= close]
    if not told:
        return []
    newest = max(row[1] for row in told)
    since = min(row[0] for row in told if row[1] == newest)
    if close - since > MAXIMUM_DAYS.get(series, 5) * DAY:
        return []
    by_day = {about: value for _, about, value in told}
    return [by_day[about] for about in sorted(by_day)]


def _fred(macro, close):
    seen = {series: _observations(macro, series, close) for series in sorted(set(macro["series"]))}

    def back(series, n, form):
        values = seen[series]
        return form(values[-1], values[-1 - n]) if len(values) > n else NAN

    def z(series, n):
        values = seen[series][-n:]
        if len(values) < n:
            return NAN
        return (values[-1] - fmean(values)) / pstdev(values) if len(set(values)) > 1 else 0.0

    def logs(now, before):
        return log(now / before)

    def points(now, before):
        return (now - before) / 100

    return {
        "dollar_change_days_1": back("DTWEXBGS", 1, logs),
        "dollar_change_days_5": back("DTWEXBGS", 5, logs),
        "dollar_z_days_20": z("DTWEXBGS", 20),
        "yield_10y_z_days_120": z("DGS10", 120),
        "yield_10y_change_days_5": back("DGS10", 5, points),
        "yield_2y_change_days_5": back("DGS2", 5, points),
        "curve_days_1": (seen["DGS10"][-1] - seen["DGS2"][-1]) / 100 if seen["DGS10"] and seen["DGS2"] else NAN,
        "real_yield_10y_change_days_5": back("DFII10", 5, points),
        "vix_z_days_120": z("VIXCLS", 120),
        "vix_change_days_5": back("VIXCLS", 5, logs),
        "fed_funds_z_months_12": z("FEDFUNDS", 12),
    }


def _crypto(given, row):
    price = {
        symbol: dict(zip((frame["open_time"] + STEP_MS).tolist(), frame["close"].tolist(), strict=True))
        for symbol, frame in given.reference.items()
    }
    close = int(given.open_time[row]) + STEP_MS

    def back(symbol, before):
        now, then = price[symbol].get(close), price[symbol].get(close - before)
        return log(now / then) if now and then else NAN

    own = given.candles["close"].tolist()
    instants = [close - k * STEP_MS for k in range(180)]
    expected = {
        "btcdom_return_days_1": back(BTCDOM, DAY),
        "btcdom_return_days_7": back(BTCDOM, 7 * DAY),
        "btc_return_1": back(BTC, STEP_MS),
        "btc_return_days_1": back(BTC, DAY),
        "btc_return_days_7": back(BTC, 7 * DAY),
        "eth_btc_return_days_7": back(ETH, 7 * DAY) - back(BTC, 7 * DAY),
        "btc_correlation_180": NAN,
        "btc_beta_180": NAN,
        "gold_return_days_1": back(GOLD, DAY),
    }
    if row >= 180 and all(t - STEP_MS in price[BTC] for t in instants):
        mine = [log(own[row - k] / own[row - k - 1]) for k in range(180)]
        market = [log(price[BTC][t] / price[BTC][t - STEP_MS]) for t in instants]
        expected["btc_correlation_180"] = pearson(mine, market)
        expected["btc_beta_180"] = covariance(mine, market) / variance(market)
    return expected


@pytest.mark.parametrize("symbol", ["ETHUSDT", "1000PEPEUSDT", "PAXGUSDT"])
def test_every_feature_follows_its_formula_on_recorded_data(symbol):
    given = recorded_inputs(symbol)
    ours = _features(given)
    last = len(given.open_time) - 1
    for row in (0, 41, 42, 179, 180, 181, 900, 1400, 2000, last):
        expected = _fred(given.macro, int(given.open_time[row]) + STEP_MS) | _crypto(given, row)
        assert list(expected) == list(ours)
        for key, number in expected.items():
            assert ours[key].iloc[row] == pytest.approx(number, rel=2e-5, abs=1e-7, nan_ok=True), (key, row)
    assert ours.iloc[last].notna().all()


def test_the_order_and_number_are_those_of_the_set():
    assert [spec for spec in feature_set("market94").specs if spec.family == "macro"] == list(MACRO.specs)
    assert len(MACRO.specs) == 20


def _macro_of(series, days, values, known):
    stamps = [pd.to_datetime(times, unit="ms", utc=True).astype("datetime64[ms, UTC]") for times in (days, known)]
    return pd.DataFrame({"series": series, "date": stamps[0], "value": values, "known_at": stamps[1]})


def test_bitcoin_moves_with_itself():
    frame = candles(300, seed=7)
    ours = _features(replace(inputs(frame), reference={BTC: frame}))
    assert set(ours["btc_correlation_180"].dropna()) == set(ours["btc_beta_180"].dropna()) == {1.0}
    assert ours["btc_correlation_180"].notna().sum() == 300 - 180


def test_a_reference_that_lacks_a_candle_is_not_carried_on():
    frame = candles(60, seed=8)
    ours = _features(replace(inputs(frame), reference={BTC: frame.drop(index=20)}))
    assert np.flatnonzero(ours["btc_return_1"].isna()).tolist() == [0, 20, 21]
    assert np.flatnonzero(ours["btc_return_days_1"].isna()).tolist() == [*range(6), 20, 26]


def test_the_reference_of_another_moment_is_never_taken():
    frame = candles(60, seed=8)
    shifted = frame.assign(open_time=frame["open_time"] + HOUR)
    assert _features(replace(inputs(frame), reference={BTC: shifted}))["btc_return_1"].isna().all()


def test_markets_that_stand_still_are_uncorrelated():
    still = flat_candles(200)
    ours = _features(replace(inputs(still), reference={BTC: candles(200, seed=1)})).iloc[-1]
    assert ours["btc_correlation_180"] == ours["btc_beta_180"] == 0.0


def test_weekends_and_holidays_count_no_day():
    # Thursday, Monday and Tuesday; five days of time lie between the first two
    days = [day("2024-01-04"), day("2024-01-08"), day("2024-01-09")]
    known = [at + DAY + 22 * HOUR for at in days]
    dollar = _macro_of("DTWEXBGS", days, [100.0, 110.0, 121.0], known)
    ours = _features(FeatureInputs(candles(70), "4h", macro=dollar))["dollar_change_days_1"]
    np.testing.assert_allclose(sorted(set(ours.dropna())), [log(1.1)], rtol=1e-6)


def test_a_value_is_known_at_its_release_and_grows_old():
    released = START_MS + 2 * DAY
    tenyear = _macro_of("DGS10", [START_MS, START_MS - DAY], [4.5, 4.0], [released, released])
    two = _macro_of("DGS2", [START_MS], [4.0], [released])
    ours = _features(FeatureInputs(candles(60), "4h", macro=pd.concat([tenyear, two])))["curve_days_1"]
    there = [row for row in range(60) if 48 <= 4 * (row + 1) <= 48 + 120]
    assert np.flatnonzero(ours.notna()).tolist() == there
    assert set(ours.dropna()) == {np.float32(0.005)}


def _dollar(vintages):
    """Real DTWEXBGS of 2025 up to May; the newer vintage of every day is known on 2 June, 12:00 UTC."""
    frame = pd.read_parquet(recorded("defects/dtwexbgs_two_vintages.parquet"))
    frame = frame[(frame["date"] >= "2025-01-01") & (frame["date"] <= "2025-05-30")]
    days = [day(text) for text in frame["date"]]
    mondays = [at + (7 - pd.Timestamp(at, unit="ms").weekday()) * DAY + 22 * HOUR for at in days]
    first = _macro_of("DTWEXBGS", days, frame["vintage_2026_01"].tolist(), mondays)
    if not vintages:
        return first
    revised = day("2025-06-02") + 12 * HOUR
    told = [at < revised for at in mondays]
    return pd.concat(
        [first, first[told].assign(value=frame["vintage_2026_08"][told].tolist(), known_at=_instant(revised))]
    )


def _instant(epoch_ms):
    return pd.Timestamp(epoch_ms, unit="ms", tz="UTC").as_unit("ms")


def test_a_revision_changes_nothing_before_it_was_known_and_everything_from_then_on():
    frame = candles(200).assign(open_time=day("2025-05-10") + STEP_MS * np.arange(200))
    plain, revised = (_features(FeatureInputs(frame, "4h", macro=_dollar(v))) for v in (False, True))
    names = ["dollar_change_days_1", "dollar_change_days_5", "dollar_z_days_20"]
    known = frame["open_time"].to_numpy() + STEP_MS >= day("2025-06-02") + 12 * HOUR
    pd.testing.assert_frame_equal(plain.loc[~known, names], revised.loc[~known, names])
    fresh = known & plain["dollar_z_days_20"].notna().to_numpy()
    assert fresh.sum() > 10
    assert (plain.loc[fresh, "dollar_z_days_20"] != revised.loc[fresh, "dollar_z_days_20"]).all()
    for row in np.flatnonzero(fresh)[[0, -1]]:
        values = _observations(_dollar(True), "DTWEXBGS", int(frame["open_time"][row]) + STEP_MS)
        expected = (values[-1] - fmean(values[-20:])) / pstdev(values[-20:])
        assert revised["dollar_z_days_20"].iloc[row] == pytest.approx(expected, rel=1e-4)


def test_sources_that_are_absent_have_no_value():
    assert _features(inputs(candles(200))).isna().all().all()
    given = around(candles(200))
    without_dollar = replace(given, macro=given.macro[given.macro["series"] != "DTWEXBGS"])
    ours = _features(without_dollar)
    assert [name for name in ours if ours[name].isna().all()] == [name for name in ours if name.startswith("dollar")]
