import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.environments.statistics import max_drawdowns, returns_of, sharpe_ratios
from include.evaluation.curves import annual_growths, calmar_ratios, sortino_ratios

PERIODS = 2_190.0
SEEDS = st.integers(0, 2**32 - 1)


def curves(seed: int, count: int = 3, n: int = 60) -> np.ndarray:
    return 10_000 * np.cumprod(1 + np.random.default_rng(seed).normal(0.0005, 0.01, (count, n)), axis=1)


def ratios(equity: np.ndarray) -> np.ndarray:
    returns = returns_of(equity)
    return np.array(
        [
            sharpe_ratios(returns, PERIODS),
            sortino_ratios(returns, PERIODS),
            calmar_ratios(equity, PERIODS),
            max_drawdowns(equity),
        ]
    )


@given(SEEDS, st.floats(0.01, 1e6))
def test_ratios_do_not_depend_on_the_size_of_the_account(seed, scale):
    assert ratios(curves(seed) * scale) == pytest.approx(ratios(curves(seed)), rel=1e-6)


@given(SEEDS)
def test_the_sharpe_changes_sign_with_the_returns(seed):
    returns = np.random.default_rng(seed).normal(0.001, 0.01, (4, 50))

    assert sharpe_ratios(-returns, PERIODS) == pytest.approx(-sharpe_ratios(returns, PERIODS), rel=1e-12)


@given(SEEDS)
def test_sharpe_and_sortino_do_not_depend_on_the_order_of_the_returns(seed):
    generator = np.random.default_rng(seed)
    returns = generator.normal(0.001, 0.01, (4, 50))
    shuffled = generator.permuted(returns, axis=1)

    for figure in (sharpe_ratios, sortino_ratios):
        assert figure(shuffled, PERIODS) == pytest.approx(figure(returns, PERIODS), rel=1e-9)


@given(SEEDS)
def test_growth_does_not_depend_on_the_way_but_the_drawdown_does(seed):
    generator = np.random.default_rng(seed)
    changes = 1 + generator.normal(0.0, 0.02, 50)
    falling, rising = (np.cumprod([1.0, *np.sort(changes)[::way]])[None] for way in (1, -1))

    assert annual_growths(falling, PERIODS) == pytest.approx(annual_growths(rising, PERIODS), rel=1e-9)
    # all losses in one row are the deepest fall there is, first or last
    worst = 1 - np.prod(changes[changes < 1])
    assert max_drawdowns(falling) == pytest.approx(worst)
    assert max_drawdowns(np.cumprod([1.0, *changes])[None]) <= worst + 1e-12


@given(SEEDS)
def test_more_noise_lowers_a_positive_sharpe(seed):
    noise = np.random.default_rng(seed).normal(0, 1, 200)
    noise -= noise.mean()
    calm, wild = sharpe_ratios(np.array([0.001 + noise * scale for scale in (0.002, 0.004)]), PERIODS)

    assert calm > wild > 0


@given(SEEDS)
def test_more_noise_among_the_losses_lowers_a_positive_sortino(seed):
    generator = np.random.default_rng(seed)
    gains, losses = np.full(100, 0.02), -np.abs(generator.normal(0.005, 0.001, 100))
    uneven = losses.mean() + 2.0 * (losses - losses.mean())

    calm, wild = sortino_ratios(np.array([[*gains, *losses], [*gains, *np.minimum(uneven, 0.0)]]), PERIODS)

    assert calm > wild


def test_every_row_has_the_figure_that_it_has_alone():
    many = curves(1, count=40, n=500)

    alone = np.array([ratios(row[None])[:, 0] for row in many]).T

    assert (ratios(many) == alone).all()


def test_the_downside_counts_losses_over_all_candles():
    returns = np.array([[0.02, -0.01], [0.02, 0.01]])

    with_loss, without = sortino_ratios(returns, 1)

    assert with_loss == pytest.approx(0.005 / math.sqrt(1e-4 / 2))
    assert math.isnan(without)


def test_growth_by_hand_and_beyond_what_a_number_holds():
    grown, exploded, ruined = annual_growths(np.array([[100.0, 110.0], [1.0, 3.0], [100.0, -1.0]]), 1)

    assert (grown, exploded) == pytest.approx((0.1, 2.0))
    assert math.isnan(ruined)
    assert np.isnan(annual_growths(np.array([[1.0, 2.0]]), 2_190)).all()


def test_the_calmar_is_growth_over_the_deepest_fall():
    risen, fell = calmar_ratios(np.array([[100.0, 101.0, 103.0], [100.0, 80.0, 120.0]]), 2)

    assert math.isnan(risen)
    assert fell == pytest.approx(0.2 / 0.2)


def test_one_candle_has_no_figure():
    equity = np.array([[100.0], [50.0]])

    assert np.isnan(sharpe_ratios(returns_of(equity), PERIODS)).all()
    assert np.isnan(sortino_ratios(returns_of(equity), PERIODS)).all()
    assert np.isnan(annual_growths(equity, PERIODS)).all()
