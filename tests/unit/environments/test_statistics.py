import math

import numpy as np
import pytest

from include.environments.statistics import max_drawdown, profit_factor, returns_of, sharpe_ratio, win_rate


def test_returns_are_simple():
    assert returns_of(np.array([100.0, 110.0, 99.0])) == pytest.approx([0.1, -0.1])


def test_the_sharpe_of_two_returns_by_hand():
    # mean 0.02, deviation with n - 1: sqrt(2 * 0.01**2) = 0.014142
    assert sharpe_ratio(np.array([0.01, 0.03]), 2_190) == pytest.approx(0.02 / math.sqrt(2e-4) * math.sqrt(2_190))


@pytest.mark.parametrize("returns", [[], [0.01], [0.01, 0.01, 0.01], [0.0, 0.0]])
def test_a_sharpe_without_variation_is_undefined(returns):
    assert sharpe_ratio(np.array(returns), 2_190) is None


def test_the_deepest_fall_counts_from_its_own_peak():
    assert max_drawdown(np.array([100.0, 80.0, 120.0, 90.0, 100.0])) == pytest.approx(0.25)


def test_a_rising_curve_has_no_drawdown():
    assert max_drawdown(np.array([1.0, 2.0, 3.0])) == 0.0


def test_win_rate_counts_a_trade_at_zero_as_no_win():
    assert win_rate([1.0, 0.0, -1.0, 2.0]) == 0.5


def test_profit_factor_is_profits_over_losses():
    assert profit_factor([3.0, -1.0, -1.0, 1.0]) == 2.0


def test_figures_without_trades_are_undefined():
    assert win_rate([]) is None
    assert profit_factor([]) is None


def test_a_profit_factor_without_a_loss_is_undefined_and_without_a_profit_zero():
    assert profit_factor([1.0]) is None
    assert profit_factor([-1.0]) == 0.0
