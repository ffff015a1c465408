from statistics import correlation as pearson
from statistics import covariance, variance

import numpy as np
import pytest

from include.features.kernels.pairs import correlation_and_beta, window_comoments


def correlation(x, y, n):
    return correlation_and_beta(x, y, n)[0]


def beta(x, y, n):
    return correlation_and_beta(x, y, n)[1]


RNG = np.random.default_rng(3)
X = RNG.standard_t(4, 500) * 0.01
Y = 0.6 * X + RNG.normal(0, 0.005, 500)


@pytest.mark.parametrize("n", [2, 7, 180])
def test_moments_are_those_of_the_window(n):
    own, other, both = window_comoments(X, Y, n)
    assert np.isnan(np.array([own, other, both])[:, : n - 1]).all()
    for row in (n - 1, n, 2 * n - 1, 2 * n, 499):
        x, y = X[row - n + 1 : row + 1].tolist(), Y[row - n + 1 : row + 1].tolist()
        shrink = (n - 1) / n
        assert own[row] == pytest.approx(variance(x) * shrink, rel=1e-10)
        assert other[row] == pytest.approx(variance(y) * shrink, rel=1e-10)
        assert both[row] == pytest.approx(covariance(x, y) * shrink, rel=1e-10, abs=1e-18)


@pytest.mark.parametrize("row", [179, 180, 359, 360, 499])
def test_correlation_and_beta_follow_their_formulas(row):
    x, y = X[row - 179 : row + 1].tolist(), Y[row - 179 : row + 1].tolist()
    assert correlation(X, Y, 180)[row] == pytest.approx(pearson(x, y), rel=1e-10)
    assert beta(X, Y, 180)[row] == pytest.approx(covariance(x, y) / variance(y), rel=1e-10)


def test_a_series_moves_exactly_with_itself_and_against_its_mirror():
    assert set(correlation(X, X, 20)[19:]) == {1.0}
    assert set(beta(X, X, 20)[19:]) == {1.0}
    assert set(correlation(X, -X, 20)[19:]) == {-1.0}


def test_a_series_that_stands_still_says_nothing():
    still = np.full(50, 0.1)
    assert set(correlation(X[:50], still, 20)[19:]) == {0.0}
    assert set(beta(X[:50], still, 20)[19:]) == {0.0}
    assert set(beta(still, X[:50], 20)[19:]) == {0.0}


def test_a_missing_value_is_missing_in_every_window_that_holds_it_and_in_no_other():
    for place in (0, 25, 39, 40):
        holed = Y[:100].copy()
        holed[place] = np.nan
        lacking = np.isnan(correlation(X[:100], holed, 20))
        held = [row < 19 or row - 19 <= place <= row for row in range(100)]
        assert lacking.tolist() == held
        assert np.isnan(beta(X[:100], holed, 20)).tolist() == held


def test_an_outlier_leaves_nothing_behind():
    spiked = Y[:200].copy()
    spiked[50] = 1e6
    np.testing.assert_allclose(
        correlation(X[:200], spiked, 20)[80:], correlation(X[:200], Y[:200], 20)[80:], rtol=1e-12
    )
