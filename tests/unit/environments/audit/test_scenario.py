import numpy as np
import pytest

from include.environments.audit.scenario import Stage, fair_market, scripted, trend

STEP = 14_400_000
STAGE = Stage(rows=40, step_ms=STEP, first=20)


def test_the_mirror_of_a_fair_market_has_the_opposite_returns():
    market, mirror = fair_market(50, STEP, 3), fair_market(50, STEP, 3, is_mirrored=True)
    one, other = np.log(market.close / market.open), np.log(mirror.close / mirror.open)

    # both carry the drift of a martingale, −σ²/2 per candle
    assert one + other == pytest.approx(np.full(50, -(0.01**2)))
    assert np.abs(one - other).max() > 0.01


def test_the_mean_price_of_fair_markets_does_not_move():
    ends = [fair_market(30, STEP, seed, is_mirrored=side).close[-1] for seed in range(400) for side in (False, True)]

    # 5.5 % standard deviation over 30 candles, all but a tenth of it gone in pairs: 0.02 of the price is far off
    assert np.mean(ends) == pytest.approx(100.0, abs=0.5)


def test_candles_hold_their_open_and_close():
    market = fair_market(200, STEP, 1)

    assert (market.high >= np.maximum(market.open, market.close)).all()
    assert (market.low <= np.minimum(market.open, market.close)).all()
    assert (np.diff(market.open_time) == STEP).all()


def test_a_trend_changes_every_candle_alike():
    assert trend(3, STEP, 0.1).close == pytest.approx([110.0, 121.0, 133.1])


def test_a_script_plays_from_its_row_and_then_stands_still():
    market = scripted(STAGE, [0.1, -0.5], gaps={1: 0.2}, wicks={0: (0.3, 0.4)}, funding={1: 0.001})
    opened = market.open[20]

    assert market.close[20] == pytest.approx(1.1 * opened)
    assert (market.low[20], market.high[20]) == pytest.approx((0.7 * opened, 1.4 * opened))
    assert market.open[21] == pytest.approx(1.32 * opened)
    assert market.close[21:] == pytest.approx(np.full(19, 0.66 * opened))
    assert market.high[22:].tolist() == market.low[22:].tolist() == market.open[22:].tolist()
    assert market.funding_rate[[20, 21, 22]].tolist() == [0.0, 0.001, 0.0]
    assert market.close[:20].tolist() == fair_market(40, STEP, 0).close[:20].tolist()


def test_a_changed_future_leaves_the_past_as_it_was():
    market = fair_market(60, STEP, 2)
    changed = market.changed_from(30)

    for name in ("open", "high", "low", "close", "volume", "funding_rate"):
        before, after = getattr(market, name), getattr(changed, name)
        assert before[:30].tolist() == after[:30].tolist()
        assert (before[30:] != after[30:]).all()
    assert (changed.high >= changed.low).all()


def test_requests_leave_the_market_alone():
    market = fair_market(10, STEP, 2)
    asked = market.asking(fee=0.001, has_exits=False)

    assert (asked.fee, asked.has_exits, asked.close is market.close) == (0.001, False, True)


def test_the_frame_is_a_copy_indexed_by_open_times():
    market = fair_market(10, STEP, 2)
    frame = market.frame()
    frame["close"] = 0.0

    assert list(frame) == ["open", "high", "low", "close", "volume", "funding_rate"]
    assert str(frame.index[0]) == "2022-01-03 00:00:00"
    assert (market.close > 0).all()
