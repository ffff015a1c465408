from functools import partial

import numpy as np
import pandas as pd
import pytest

from include.features.alignment import as_of
from include.features.causality import causality_check, find_leaks, perturbed, truncated
from include.features.inputs import FeatureInputs
from include.features.matrix import compute
from include.features.registry import feature_set
from tests.unit.features.samples import STEP_MS, candles, inputs, market, markets

MARKET94 = feature_set("market94")
CUTS = [0, 13, 179, 608, 609, 610, 611, 700, 777, 1023, 1500, 2000, 2047, 2048, 2500, 2998]


@pytest.mark.parametrize("name", markets())
def test_no_feature_of_market94_looks_ahead(name):
    frame = market(name)
    assert find_leaks(partial(compute, feature_set=MARKET94), inputs(frame), CUTS) == ()


def test_no_feature_looks_ahead_around_missing_candles():
    frame = candles(2000, seed=5, missing=(700, 701, 1400))
    assert find_leaks(partial(compute, feature_set=MARKET94), inputs(frame), [650, 698, 699, 700, 1350, 1990]) == ()


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
