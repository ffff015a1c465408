from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from include.features.alignment import as_of
from include.features.causality import causality_check, find_leaks, perturbed, truncated
from include.features.inputs import FeatureInputs, other_sources
from include.features.matrix import compute
from include.features.registry import feature_set
from include.features.timelines import epoch_ms
from tests.unit.features.samples import RECORDED_SYMBOLS, STEP_MS, candles, inputs, market, markets
from tests.unit.features.surroundings import around, recorded_inputs

MARKET94, SHADOW15 = feature_set("market94"), feature_set("shadow15")
CUTS = [0, 13, 179, 608, 609, 610, 611, 700, 777, 1023, 1500, 2000, 2047, 2048, 2500, 2998]


@pytest.mark.parametrize("name", markets())
def test_no_feature_of_market94_looks_ahead(name):
    assert find_leaks(partial(compute, feature_set=MARKET94), around(market(name)), CUTS) == ()


@pytest.mark.parametrize("symbol", RECORDED_SYMBOLS)
def test_no_feature_of_market94_looks_ahead_with_the_recorded_sources(symbol):
    cuts = [609, 1003, 1500, 2047, 2600, 2998]
    assert find_leaks(partial(compute, feature_set=MARKET94), recorded_inputs(symbol), cuts) == ()


@pytest.mark.parametrize("name", markets())
def test_no_feature_of_shadow15_looks_ahead(name):
    assert find_leaks(partial(compute, feature_set=SHADOW15), inputs(market(name)), CUTS) == ()


def test_no_feature_looks_ahead_around_missing_candles():
    given = around(candles(2000, seed=5, missing=(700, 701, 1400)))
    assert find_leaks(partial(compute, feature_set=MARKET94), given, [650, 698, 699, 700, 1350, 1990]) == ()


def test_every_source_is_changed_behind_the_cut_and_left_alone_before_it():
    given = around(candles(60))
    decision = int(given.open_time[30]) + STEP_MS
    changed, shorter = perturbed(given, 30, seed=1), truncated(given, 30)
    sources = other_sources(given)
    assert set(sources) == {
        "funding", "open_interest", "long_short", "premium_index", "fear_greed", "macro",
    }  # fmt: skip
    for name, frame in sources.items():
        later = epoch_ms(frame, "known_at") > decision
        values = frame.columns.difference(["funding_time", "timestamp", "date", "series", "known_at"])
        other = getattr(changed, name)
        assert later.any(), name
        assert (other.loc[later, values] != frame.loc[later, values]).all().all(), name
        pd.testing.assert_frame_equal(other[~later], frame[~later], check_dtype=False)
        assert len(getattr(shorter, name)) == (~later).sum(), name
    for symbol, frame in given.reference.items():
        later = frame["open_time"].to_numpy() + STEP_MS > decision
        assert (changed.reference[symbol].loc[later, "close"] != frame.loc[later, "close"]).all()
        assert len(shorter.reference[symbol]) == (~later).sum()


def _early(given: FeatureInputs, source: str) -> FeatureInputs:
    """Every value of one source known one candle too soon: what a wrong join would see."""
    if source == "reference":
        early = {name: frame.assign(open_time=frame["open_time"] - STEP_MS) for name, frame in given.reference.items()}
        return replace(given, reference=early)
    frame = getattr(given, source)
    sooner = frame["known_at"] - (STEP_MS if frame["known_at"].dtype == np.int64 else pd.Timedelta(hours=4))
    return replace(given, **{source: frame.assign(known_at=sooner)})


LEAKING = {
    "funding": "f_sentiment_funding_rate_1",
    "open_interest": "f_sentiment_open_interest_change_1",
    "long_short": "f_sentiment_long_short_1",
    "premium_index": "f_sentiment_premium_1",
    "fear_greed": "f_sentiment_fear_greed_1",
    "macro": "f_macro_curve_days_1",
    "reference": "f_macro_btc_return_1",
}


@pytest.mark.parametrize("source", LEAKING)
def test_a_source_joined_one_candle_early_is_found(source):
    def wrong(given: FeatureInputs) -> pd.DataFrame:
        return compute(_early(given, source), MARKET94)

    # Thursday evening: the next candle closes with a settlement, a new day and, two hours before, a release
    given = around(candles(120))
    cut = next(
        row for row in range(60, 120) if pd.Timestamp(given.open_time[row], unit="ms").strftime("%a%H") == "Thu16"
    )
    found = {leak.feature for leak in find_leaks(wrong, given, [cut])}
    family = "f_macro_" if source in ("macro", "reference") else "f_sentiment_"
    assert LEAKING[source] in found
    assert all(name.startswith(family) for name in found)


def _planted(column):
    def planted(given: FeatureInputs) -> pd.DataFrame:
        close = pd.Series(given.candles["close"].to_numpy(np.float64))
        honest, wrong = close.pct_change(), column(close)
        return pd.DataFrame({"honest": honest, "planted": wrong}).astype(np.float32)

    return planted


LEAKS = {
    "one candle ahead": lambda close: close.shift(-1) / close,
    "a centred window": lambda close: close.rolling(5, center=True, min_periods=1).mean(),
    "the mean of the whole series": lambda close: close / close.mean(),
    "a fill from behind": lambda close: close.where(close.index % 2 == 0).bfill(),
    "a rank over the whole series": lambda close: close.rank(pct=True),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found_and_only_it(leak):
    found = find_leaks(_planted(LEAKS[leak]), inputs(candles(300)), [101, 201])
    assert {(entry.feature, entry.cut) for entry in found} == {("planted", 101), ("planted", 201)}


def _with_macro(frame: pd.DataFrame, delay_ms: int) -> FeatureInputs:
    days = frame["open_time"].to_numpy()[::6]
    return FeatureInputs(
        frame, "4h", macro=pd.DataFrame({"known_at": days + delay_ms, "value": np.arange(len(days)) + 1.0})
    )


def _macro_feature(offset_ms: int):
    def joined(given: FeatureInputs) -> pd.DataFrame:
        known = given.macro["known_at"].to_numpy()
        values = given.macro["value"].to_numpy(np.float64)
        decisions = given.open_time + given.step_ms + offset_ms
        return pd.DataFrame({"macro": as_of(known, values, decisions, pd.Timedelta(days=5).to_pytimedelta())})

    return joined


def test_other_sources_are_cut_at_what_is_known_at_the_decision():
    given = _with_macro(candles(200), delay_ms=STEP_MS)
    assert find_leaks(_macro_feature(0), given, [60, 61, 100]) == ()
    # row 59 is decided when the value of row 60 is not known yet; looking one candle further reads it
    assert find_leaks(_macro_feature(STEP_MS), given, [59])[0].feature == "macro"


def test_truncated_and_perturbed_leave_the_past_and_the_callers_frames_alone():
    frame = candles(50)
    before = frame.copy()
    given = FeatureInputs(frame, "4h", reference={"BTC/USDT:USDT": frame})
    assert len(truncated(given, 20).candles) == 21
    assert len(truncated(given, 20).reference["BTC/USDT:USDT"]) == 21
    changed = perturbed(given, 20, seed=1)
    pd.testing.assert_frame_equal(changed.candles.iloc[:21], frame.iloc[:21])
    assert (changed.candles["close"].iloc[21:] != frame["close"].iloc[21:]).all()
    assert (changed.reference["BTC/USDT:USDT"]["close"].iloc[21:] != frame["close"].iloc[21:]).all()
    pd.testing.assert_frame_equal(frame, before)


def test_the_check_passes_honest_features_and_names_leaking_ones():
    sample = {"BTC/USDT:USDT": inputs(candles(300)), "ETH/USDT:USDT": inputs(candles(300, seed=2))}
    passed = causality_check(_planted(lambda close: close.shift(1)), sample)
    assert passed.passed
    assert passed.observed == 0
    failed = causality_check(_planted(LEAKS["one candle ahead"]), sample)
    assert not failed.passed
    assert failed.message == "look ahead: planted of BTC/USDT:USDT, planted of ETH/USDT:USDT"


def test_the_check_does_not_pass_when_it_could_not_look():
    verdict = causality_check(_planted(LEAKS["one candle ahead"]), {"BTC/USDT:USDT": inputs(candles(1))})
    assert not verdict.passed
    assert verdict.observed is None
