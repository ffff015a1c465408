"""Probability of backtest overfitting: how often the best try of one half is below the median of the other."""

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

BLOCKS = 16
_FEWEST_CANDLES_A_BLOCK = 5
_FEWEST_TRIALS = 2
# splits that are in memory together
_ROUND = 1_024

Doubles = NDArray[np.float64]


class Overfitting(BaseModel):
    """What combinatorially symmetric cross-validation found.

    Parameters
    ----------
    pbo : float or None
        Share of the splits in which the best try of one half is at or below the median of the other; None where it
        cannot be known.
    loss_share : float or None
        Share of the splits in which it loses there.
    slope : float or None
        Of its Sharpe ratio out of sample over that in sample.
    trials, splits : int
        Tries compared, and ways to halve the window.
    reason : str
        Why `pbo` is None, empty where it is not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    pbo: float | None
    loss_share: float | None
    slope: float | None
    trials: int
    splits: int
    reason: str = ""


def backtest_overfitting(returns: Doubles, blocks: int = BLOCKS) -> Overfitting:
    """Return the probability that choosing the best of N tries was overfitting.

    Combinatorially symmetric cross-validation (Bailey, Borwein, López de Prado and Zhu, 2015, "The probability of
    backtest overfitting", section 3): the window is cut into blocks, every half of them is a sample in which the try
    with the best Sharpe ratio is chosen, and its rank ω among all tries in the other half counts as overfitted where
    ln(ω / (1 − ω)) ≤ 0.

    Parameters
    ----------
    returns : float64 (N, T)
        Returns per candle of each try, on the same candles.
    blocks : int
        Even number of blocks of equal length; fewer, still even, where the window is short. Candles that are left over
        are dropped at the start.
    """
    trials, candles = returns.shape
    blocks = min(blocks, candles // _FEWEST_CANDLES_A_BLOCK) // 2 * 2
    moving = returns[returns.std(axis=1) > 0.0] if candles else returns[:0]
    if len(moving) < _FEWEST_TRIALS or blocks < _FEWEST_TRIALS:
        reason = f"{len(moving)} tries that traded on {candles} candles cannot be compared"
        return Overfitting(pbo=None, loss_share=None, slope=None, trials=trials, splits=0, reason=reason)
    sums, squares, length = _block_sums(moving, blocks)
    halves = np.array(list(combinations(range(blocks), blocks // 2)))
    ranks, inside, outside = _chosen(sums, squares, length * blocks // 2, halves, blocks)
    slope = float(np.polyfit(inside, outside, 1)[0]) if np.ptp(inside) > 0.0 else None
    return Overfitting(
        pbo=float(np.mean(ranks <= 0.5)),
        loss_share=float(np.mean(outside < 0.0)),
        slope=slope,
        trials=trials,
        splits=comb(blocks, blocks // 2),
    )


def _block_sums(returns: Doubles, blocks: int) -> tuple[Doubles, Doubles, int]:
    length = returns.shape[1] // blocks
    cut = returns[:, returns.shape[1] - length * blocks :].reshape(len(returns), blocks, length)
    return cut.sum(axis=2), (cut**2).sum(axis=2), length


def _chosen(
    sums: Doubles, squares: Doubles, candles: int, halves: NDArray[np.int64], blocks: int
) -> tuple[Doubles, Doubles, Doubles]:
    """Rank out of sample, Sharpe ratio in sample and out of sample of the best try of every half, (splits,) each."""
    ranks, inside, outside = (np.empty(len(halves)) for _ in range(3))
    for first in range(0, len(halves), _ROUND):
        some = halves[first : first + _ROUND]
        member = np.zeros((len(some), blocks))
        np.put_along_axis(member, some, 1.0, axis=1)
        here = _sharpe(member @ sums.T, member @ squares.T, candles)
        there = _sharpe((1.0 - member) @ sums.T, (1.0 - member) @ squares.T, candles)
        best = here.argmax(axis=1)[:, None]
        chosen = np.take_along_axis(there, best, axis=1)
        place = slice(first, first + len(some))
        # the rank of the paper: from the worst, 1, to the best, N, over N + 1; equal ones share theirs
        below, equal = (there < chosen).sum(axis=1), (there == chosen).sum(axis=1)
        ranks[place] = (below + (equal + 1) / 2) / (there.shape[1] + 1)
        inside[place], outside[place] = np.take_along_axis(here, best, axis=1)[:, 0], chosen[:, 0]
    return ranks, inside, outside


def _sharpe(total: Doubles, squares: Doubles, candles: int) -> Doubles:
    mean = total / candles
    variance = np.maximum(squares - candles * mean**2, 0.0) / (candles - 1)
    return np.divide(mean, np.sqrt(variance), out=np.zeros_like(mean), where=variance > 0.0)
