"""How much of a Sharpe ratio is left once luck and the number of tries are taken off it.

Every ratio here is per candle, not annualised.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from include.core.errors import InvalidInputError
from include.environments.statistics import sharpe_ratio

_EULER = 0.5772156649015329
# one series of returns makes no estimate of a third and fourth moment
_FEWEST_RETURNS = 10
ONE_SIDED_95 = 1.6448536269514722
POWER_80 = 0.8416212335729143


def probabilistic_sharpe_ratio(returns: NDArray[np.float64], benchmark: float = 0.0) -> float | None:
    """Return the probability that the true Sharpe ratio exceeds `benchmark`.

    Φ((SR − SR*)·√(T − 1) / √(1 − γ₃·SR + (γ₄ − 1)/4·SR²)), with skewness γ₃ and kurtosis γ₄ (3 for a normal law) of the
    returns (Bailey and López de Prado, 2012, "The Sharpe ratio efficient frontier").

    Parameters
    ----------
    returns : float64 (T,)
        Simple returns per candle.
    benchmark : float
        Sharpe ratio per candle to be exceeded.

    Returns
    -------
    float or None
        None with fewer than ten returns, or returns without variation.
    """
    observed = sharpe_ratio(returns, 1.0)
    if observed is None or len(returns) < _FEWEST_RETURNS:
        return None
    variance = _variance_factor(observed, float(stats.skew(returns)), float(stats.kurtosis(returns, fisher=False)))
    return float(stats.norm.cdf((observed - benchmark) * math.sqrt(len(returns) - 1) / math.sqrt(variance)))


def expected_maximum_sharpe(trials: float, variance: float) -> float:
    """Return the Sharpe ratio that the best of `trials` skill-less tries is expected to reach.

    √V·((1 − γ)·Φ⁻¹(1 − 1/N) + γ·Φ⁻¹(1 − 1/(N·e))), γ the constant of Euler and Mascheroni (Bailey and López de Prado,
    2014, "The deflated Sharpe ratio"). One try has no maximum over luck: 0.

    Parameters
    ----------
    trials : float
        Independent tries, at least 1.
    variance : float
        Variance of the tries' Sharpe ratios.
    """
    if trials < 1.0:
        raise InvalidInputError(f"`trials` must be at least 1, was {trials}.")
    if variance < 0.0:
        raise InvalidInputError(f"`variance` must not be negative, was {variance}.")
    if trials == 1.0 or variance == 0.0:
        return 0.0
    luck = (1.0 - _EULER) * stats.norm.ppf(1.0 - 1.0 / trials) + _EULER * stats.norm.ppf(1.0 - 1.0 / (trials * math.e))
    # between one and two tries the approximation falls below what one try has: no luck at all
    return max(math.sqrt(variance) * float(luck), 0.0)


def deflated_sharpe_ratio(returns: NDArray[np.float64], trials: float, variance: float) -> float | None:
    """Return the probability that the true Sharpe ratio exceeds what the best of `trials` lucky tries would show.

    Arguments as `probabilistic_sharpe_ratio` and `expected_maximum_sharpe`; None as there.
    """
    return probabilistic_sharpe_ratio(returns, expected_maximum_sharpe(trials, variance))


def effective_trials(returns: NDArray[np.float64]) -> float:
    """Return how many independent tries the correlated ones in `returns` (N, T) amount to.

    ρ̄ + (1 − ρ̄)·N with the mean correlation ρ̄ between pairs, negative ones counted as 0 (Bailey and López de Prado,
    2014). Tries without variation are equal to each other and count as one.

    Parameters
    ----------
    returns : float64 (N, T)
        Returns per candle of each try, on the same candles.
    """
    moving = returns[returns.std(axis=1) > 0.0]
    idle = 1.0 if len(moving) < len(returns) else 0.0
    if len(moving) < 2:
        return max(len(moving) + idle, 1.0)
    correlation = np.corrcoef(moving)
    pairs = correlation[np.triu_indices(len(moving), 1)]
    mean = float(np.clip(pairs, 0.0, 1.0).mean())
    return mean + (1.0 - mean) * len(moving) + idle


def candles_needed(returns: NDArray[np.float64], benchmark: float, power: float = POWER_80) -> int | None:
    """Return the candles a test at 5 % needs to show, with a power of 0.8, a Sharpe ratio above `benchmark`.

    1 + (1 − γ₃·SR + (γ₄ − 1)/4·SR²)·((z₀.₉₅ + z_power)/(SR − SR*))², the minimum track record length of Bailey and
    López de Prado (2012) with the power added. The effect is the observed one, which itself is uncertain.

    Parameters
    ----------
    returns : float64 (T,)
        Simple returns per candle.
    benchmark : float
        Sharpe ratio per candle to be exceeded.
    power : float
        Normal quantile of the power; the default is 0.8.

    Returns
    -------
    int or None
        None where the observed ratio does not exceed the benchmark, or is undefined.
    """
    observed = sharpe_ratio(returns, 1.0)
    if observed is None or len(returns) < _FEWEST_RETURNS or observed <= benchmark:
        return None
    variance = _variance_factor(observed, float(stats.skew(returns)), float(stats.kurtosis(returns, fisher=False)))
    return math.ceil(1.0 + variance * ((ONE_SIDED_95 + power) / (observed - benchmark)) ** 2)


def _variance_factor(sharpe: float, skewness: float, kurtosis: float) -> float:
    # positive for every sample: kurtosis ≥ skewness² + 1
    return 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
