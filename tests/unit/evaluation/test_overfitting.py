"""PBO against a slow reading of the paper, and where the answer is known."""

from itertools import combinations

import numpy as np
import pytest

from include.evaluation.overfitting import backtest_overfitting


def slow(returns: np.ndarray, blocks: int) -> tuple[float, float]:
    parts = np.array_split(np.arange(returns.shape[1]), blocks)
    logits, losses = [], []
    for half in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[i] for i in half])
        outside = np.concatenate([parts[i] for i in range(blocks) if i not in half])
        here = [one[inside].mean() / one[inside].std(ddof=1) for one in returns]
        there = [one[outside].mean() / one[outside].std(ddof=1) for one in returns]
        best = int(np.argmax(here))
        rank = sorted(there).index(there[best]) + 1
        omega = rank / (len(returns) + 1)
        logits.append(np.log(omega / (1 - omega)))
        losses.append(there[best] < 0)
    return float(np.mean(np.array(logits) <= 0)), float(np.mean(losses))


def test_it_is_what_the_paper_describes() -> None:
    returns = np.random.default_rng(1).normal(0.0, 1.0, size=(7, 120))
    found = backtest_overfitting(returns, blocks=6)
    assert (found.pbo, found.loss_share) == slow(returns, 6)
    assert (found.trials, found.splits) == (7, 20)


def test_choosing_among_noise_is_overfitting_half_of_the_time() -> None:
    found = [backtest_overfitting(np.random.default_rng(seed).normal(size=(20, 320)), 8).pbo for seed in range(60)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)


def test_one_try_with_skill_is_found_in_every_half() -> None:
    returns = np.random.default_rng(2).normal(size=(20, 640))
    returns[3] += 0.5
    found = backtest_overfitting(returns)
    assert (found.pbo, found.loss_share, found.splits) == (0.0, 0.0, 12_870)


@pytest.mark.parametrize("returns", [np.zeros((5, 100)), np.ones((1, 100)) * 0.01, np.zeros((3, 0))])
def test_what_cannot_be_compared_is_none_with_the_reason(returns: np.ndarray) -> None:
    found = backtest_overfitting(returns)
    assert (found.pbo, found.splits) == (None, 0)
    assert "cannot be compared" in found.reason


def test_a_short_window_has_fewer_blocks() -> None:
    assert backtest_overfitting(np.random.default_rng(3).normal(size=(4, 43))).splits == 70  # 8 blocks of 5
