import numpy as np
import pandas as pd
import pytest

from include.environments.phase4.account import Account
from include.environments.phase4.actions import Action
from include.environments.phase4.observation import (
    ACCOUNT_FEATURES,
    ROLLING_CANDLES,
    STRESS_CANDLES,
    EquityTrack,
    account_features,
    stress_level,
)
from tests.support.candles import candle, phase4
from tests.support.datasets import martingale


def features_of(account: Account, close: float, track: EquityTrack | None = None) -> dict[str, float]:
    track = track or EquityTrack(10_000.0)
    return dict(zip(ACCOUNT_FEATURES, account_features(account, track, close, 0.4), strict=True))


def free_account() -> Account:
    return Account(phase4(fee_bps=0.0, slippage_bps=0.0).account)


def test_drawdown_is_measured_from_the_running_peak_and_its_maximum_kept():
    track = EquityTrack(100.0)

    for equity in (120.0, 90.0, 108.0):
        track.update(equity)

    assert track.drawdown == pytest.approx(0.10)
    assert track.max_drawdown == pytest.approx(0.25)


def test_rolling_moments_equal_those_of_the_last_42_returns():
    equity = 10_000 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, 500)))
    track = EquityTrack(10_000.0)
    returns = np.diff(np.concatenate([[10_000.0], equity])) / np.concatenate([[10_000.0], equity[:-1]])

    for i, value in enumerate(equity):
        track.update(value)
        if i:
            window = returns[max(0, i + 1 - ROLLING_CANDLES) : i + 1]
            assert track.moments() == pytest.approx((window.mean(), window.std(ddof=1)), rel=1e-9)


def test_an_equity_that_stopped_moving_has_no_volatility_left():
    track = EquityTrack(100.0)
    for equity in (110.0, 90.0, 105.0, *[105.0] * 60):
        track.update(equity)

    assert track.moments() == (pytest.approx(0.0, abs=1e-15), 0.0)


def test_a_flat_account_is_neutral():
    seen = features_of(free_account(), 100.0)

    assert seen == dict.fromkeys(ACCOUNT_FEATURES, 0.0) | {
        "liquidation_distance": 1.0,
        "stop_distance": 1.0,
        "stress_level": 0.4,
    }


def test_a_long_shows_exposure_profit_age_and_distances():
    account = free_account()
    account.play(Action.OPEN_LONG, 2.0, candle(100.0, close=101.5, high=101.5))

    seen = features_of(account, 101.5)

    quantity, equity = 200 / 3, 10_100.0
    assert seen["exposure"] == pytest.approx(quantity * 101.5 / equity / 3)
    assert seen["unrealised_pnl"] == pytest.approx(100 / equity)
    assert seen["candles_in_position"] == pytest.approx(1 / 43)
    assert seen["stop_distance"] == pytest.approx(4.5 / 3.0)
    # 6,667 USD of notional on 10,000 of equity: no positive price liquidates it
    assert seen["liquidation_distance"] == 1.0


def test_a_short_at_full_leverage_shows_how_near_liquidation_is():
    account = free_account()
    account.play(Action.OPEN_SHORT, 0.1, candle(100.0))

    seen = features_of(account, 100.0)

    assert seen["exposure"] == pytest.approx(-1.0)
    assert seen["liquidation_distance"] == pytest.approx((10_000 + 300 * 100) / (300 * 1.005) / 100 - 1)
    assert seen["stop_distance"] == pytest.approx(1.0)


def test_features_stay_finite_when_the_account_owes_money():
    account = Account(phase4(risk_per_trade=0.99).account)
    track = EquityTrack(account.equity)
    account.play(Action.OPEN_LONG, 22.0, candle(100.0))
    account.play(Action.HOLD, 22.0, candle(50.0))
    track.update(account.equity)
    track.update(account.equity)

    seen = account_features(account, track, 50.0, 0.5)

    assert account.equity < 0
    assert np.isfinite(seen).all()
    assert max(map(abs, seen)) <= 10.0


def test_stress_is_volatility_over_its_own_median_squashed():
    series = martingale("BTC/USDT:USDT", 600, seed=3)
    returns = np.diff(np.log(series.close))
    # row t sees returns up to t; return i belongs to row i + 1
    row = 450
    deviations = [returns[r - ROLLING_CANDLES : r].std(ddof=1) for r in range(row - STRESS_CANDLES + 1, row + 1)]
    ratio = deviations[-1] / np.median(deviations)

    assert stress_level(series)[row] == pytest.approx(ratio / (1 + ratio))


def test_stress_is_neutral_until_warm_and_warms_up_again_after_missing_rows():
    series = martingale("BTC/USDT:USDT", 700, seed=3)
    series.segment[350:] = 1
    warm = ROLLING_CANDLES + STRESS_CANDLES - 1

    level = pd.Series(stress_level(series))

    assert (level[:warm] == 0.5).all()
    assert (level[warm:350] != 0.5).all()
    assert (level[350 : 350 + warm] == 0.5).all()
    assert (level[350 + warm :] != 0.5).all()


@pytest.mark.parametrize("first", [0, 1, 100, 349, 350, 500, 699])
def test_stress_from_a_later_row_on_has_the_same_bits(first):
    series = martingale("BTC/USDT:USDT", 700, seed=3)
    series.segment[350:] = 1

    assert stress_level(series, first).tolist() == stress_level(series)[first:].tolist()


def test_stress_of_a_dead_market_is_neutral():
    series = martingale("BTC/USDT:USDT", 400, seed=3, volatility=0.0)

    assert (stress_level(series) == 0.5).all()
