import numpy as np
import pytest

from include.features.families.smart_money import FAMILY
from include.features.matrix import compute
from include.features.spec import FeatureSet
from tests.unit.features.families.smart_money_reference import reference
from tests.unit.features.samples import candles, flat_candles, inputs, market, markets

SMART_MONEY = FeatureSet("smart_money_alone", (FAMILY,))


@pytest.mark.parametrize("name", markets())
@pytest.mark.parametrize("start", [0, 1700])
def test_every_feature_follows_its_definition(name, start):
    frame = market(name).iloc[start : start + 800].reset_index(drop=True)
    ours = compute(inputs(frame), SMART_MONEY)
    for row in range(SMART_MONEY.warmup, 800, 19):
        expected = reference(frame, row)
        assert {f"f_smart_money_{key}" for key in expected} == set(SMART_MONEY.names)
        for key, value in expected.items():
            assert ours[f"f_smart_money_{key}"].iloc[row] == pytest.approx(value, rel=1e-6, abs=1e-6), (key, row)


def test_the_reference_is_not_trivial_on_these_markets():
    values = compute(inputs(market("synthetic")), SMART_MONEY).dropna()
    # every feature takes both ends of what it can say, or at least moves
    assert (values.nunique() > 2).drop("f_smart_money_trend_5").all()
    assert set(values["f_smart_money_trend_5"]) == {-1.0, 1.0}
    for name in ("block_distance_bull_360", "gap_distance_bear_180", "pool_above_360"):
        assert values[f"f_smart_money_{name}"].max() == 20.0
        assert values[f"f_smart_money_{name}"].median() < 15.0


def test_the_bear_sees_the_bulls_market_mirrored():
    frame = candles(900, seed=4)
    # in steps that doubles hold exactly, so that the mirror rounds nothing and ties stay ties
    frame = frame.assign(**{name: np.round(frame[name] * 64) / 64 for name in ("open", "high", "low", "close")})
    mirrored = frame.assign(
        open=512 - frame["open"], close=512 - frame["close"], high=512 - frame["low"], low=512 - frame["high"]
    )
    ours = compute(inputs(frame), SMART_MONEY)
    theirs = compute(inputs(mirrored), SMART_MONEY)
    # a candle that is both a swing high and a swing low counts as a high on either side: up to the first one
    both = _both(frame) + 5
    assert both > SMART_MONEY.warmup + 100
    for name in SMART_MONEY.names:
        other = name.replace("bull", "BEAR").replace("bear", "bull").replace("BEAR", "bear")
        other = other.replace("above", "BELOW").replace("below", "above").replace("BELOW", "below")
        expected = {"trend": -theirs[other], "premi": 1 - theirs[other]}.get(name[14:19], theirs[other])
        np.testing.assert_allclose(ours[name][:both], expected[:both], rtol=1e-5, atol=1e-6, err_msg=name)


def _both(frame):
    high, low = frame["high"], frame["low"]
    highest = high[::-1].rolling(6).max()[::-1].eq(high) & high.rolling(5).max().eq(high)
    lowest = low[::-1].rolling(6).min()[::-1].eq(low) & low.rolling(5).min().eq(low)
    return int(np.argmax(np.append((highest & lowest).to_numpy(), True)))


def test_a_market_that_stands_still_claims_nothing():
    last = compute(inputs(flat_candles(700)), SMART_MONEY).iloc[-1]
    neutral = {"f_smart_money_premium_5": 0.5}
    for name in SMART_MONEY.names:
        far = 20.0 if "distance" in name or "pool" in name else 0.0
        assert last[name] == neutral.get(name, far), name


def test_a_market_that_only_rises_has_no_swing_and_no_pool():
    frame = candles(700)
    price = 100.0 * 1.001 ** np.arange(700)
    frame = frame.assign(open=price, close=price * 1.0008, high=price * 1.0009, low=price * 0.9999)
    last = compute(inputs(frame), SMART_MONEY).iloc[-1]
    assert last["f_smart_money_trend_5"] == 0.0
    assert last["f_smart_money_pool_above_360"] == 20.0
    # each low lies above the high of two candles before, 0.9999 · 1.001² > 1.0009: as many gaps as are remembered
    assert last["f_smart_money_gaps_bull_180"] == 180.0
    assert last["f_smart_money_premium_5"] > 0.99
