"""The worked numbers of docs/evidence.md are what the code computes, and its limits are the systems'."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from include.config.system import load_system
from include.evaluation.cross_validation import combinatorial, path_count, walk_forward
from include.evaluation.deflation import candles_needed, effective_trials, expected_maximum_sharpe
from include.evaluation.deflation import deflated_sharpe_ratio as deflated
from include.evaluation.significance import rate_of, shift_p_value

PAGE = " ".join(Path("docs/evidence.md").read_text().split())
YEAR, WINDOW = math.sqrt(2190), 500


def normal_returns(annual_sharpe: float, candles: int = WINDOW) -> np.ndarray:
    """Quantiles of a normal law, moved so that the ratio is exact."""
    noise = stats.norm.ppf((np.arange(candles) + 0.5) / candles)
    return noise / noise.std(ddof=1) + annual_sharpe / YEAR


@pytest.mark.parametrize(("tries", "luck", "left"), [(1, "0", "0.83"), (4.8, "2.4", "0.42"), (20, "4.0", "0.17")])
def test_the_table_of_tries(tries: float, luck: str, left: str) -> None:
    assert f"| {tries} | {luck} | {left} |" in PAGE
    assert expected_maximum_sharpe(tries, 1 / WINDOW) * YEAR == pytest.approx(float(luck), abs=0.05)
    assert deflated(normal_returns(2.0), tries, 1 / WINDOW) == pytest.approx(float(left), abs=0.005)


@pytest.mark.parametrize(("annual_sharpe", "candles"), [(2, 13_554), (3, 3_393), (5, 853)])
def test_the_candles_needed(annual_sharpe: float, candles: int) -> None:
    assert f"{candles:,}" in PAGE
    assert candles_needed(normal_returns(annual_sharpe, 50_000), 1 / YEAR) == pytest.approx(candles, rel=1e-3)


def test_the_examples_of_luck() -> None:
    six, none = rate_of([True] * 6 + [False] * 194), rate_of([False] * 200)
    assert "6 GO among 200 is 3 %, truly 1.4 to 6.4 %; none among 200 may still be 1.9 %" in PAGE
    assert [round(100 * share, 1) for share in (six.share, six.low, six.high, none.high)] == [3.0, 1.4, 6.4, 1.9]
    scores = np.arange(499.0)
    assert "p = 5/500 = 0.010 and pass; 5 give 0.012 and do not" in PAGE
    assert (shift_p_value(495.0, scores), shift_p_value(494.0, scores)) == (0.01, 0.012)


def test_twenty_checkpoints_that_resemble_each_other() -> None:
    # a shared part and a part of its own for each, mixed so that every correlation is 0.8, exactly
    noise = np.random.default_rng(0).normal(size=(60, 21))
    parts = np.linalg.qr(np.column_stack([np.ones(60), noise]))[0][:, 1:].T
    assert "Twenty checkpoints of one training with ρ̄ = 0.8 are 4.8 tries" in PAGE
    assert effective_trials(math.sqrt(0.8) * parts[0] + math.sqrt(0.2) * parts[1:]) == pytest.approx(4.8)


def test_the_folds() -> None:
    folds = walk_forward(2_000, train=1_000, test=300, purge=42, is_anchored=False)
    assert "of candles 1,100, 1,400 and 1,700 onwards; the first rolling training is candles 58 to 1,057" in PAGE
    assert [fold.test[0].start for fold in folds] == [1_100, 1_400, 1_700]
    assert folds[0].train == (range(58, 1_058),)
    assert "6 groups with 2 tested are 15 trainings and 5 paths" in PAGE
    assert (len(combinatorial(600, groups=6, tested=2, purge=0, embargo=0)), path_count(6, 2)) == (15, 5)


@pytest.mark.parametrize("system", ["phase4", "shadow"])
def test_the_limits_are_those_of_the_systems(system: str) -> None:
    limits = load_system(system).evidence
    for row in (
        f"| closed trades | ≥ {limits.min_trades} |",
        f"own signals at other times | ≤ {limits.max_p_value:g} |",
        f"| deflated Sharpe ratio | ≥ {limits.min_deflated_sharpe:g} |",
        f"assumed funding | ≤ {limits.max_funding_assumed_share:.0%} |".replace("%", " %"),
    ):
        assert row in PAGE
