"""Champion and challenger where the answer is known."""

import numpy as np
import pytest

from include.core.errors import InvalidInputError
from include.evaluation.comparison import Comparison, compare

MARKET = np.random.default_rng(1).normal(0.0, 0.01, 500)


def against(challenger: np.ndarray, champion: np.ndarray = MARKET) -> Comparison:
    return compare(challenger, champion, 2190.0, samples=1_000, seed=7, champion_run_id="champ")


def test_a_little_better_on_every_candle_is_better_however_wild_the_market() -> None:
    found = against(MARKET + 0.0002)
    assert (found.recommendation, found.log_return.not_better_share) == ("promote", 0.0)
    assert found.log_return.observed == pytest.approx(0.1, rel=0.01)
    assert found.log_return.low > 0.0
    assert found.sharpe is not None
    assert found.sharpe.low > 0.0


def test_a_little_worse_on_every_candle_is_worse() -> None:
    assert against(MARKET - 0.0002).recommendation == "roll_back"


def test_the_same_is_no_better() -> None:
    found = against(MARKET)
    assert (found.log_return.observed, found.log_return.low, found.log_return.high) == (0.0, 0.0, 0.0)
    assert found.recommendation == "hold"


def test_two_strangers_are_told_apart_no_more_often_than_the_level_allows() -> None:
    told = [
        compare(
            np.random.default_rng(2 * seed).normal(0, 0.01, 300),
            np.random.default_rng(2 * seed + 1).normal(0, 0.01, 300),
            2190.0, samples=300, seed=seed, champion_run_id="c",
        ).recommendation
        for seed in range(200)
    ]  # fmt: skip
    assert told.count("promote") / 200 <= 0.10
    assert told.count("hold") / 200 >= 0.80


def test_an_idle_champion_has_no_sharpe_ratio_but_a_return() -> None:
    found = against(MARKET + 0.001, np.zeros(500))
    assert found.sharpe is None
    assert found.log_return.observed > 0.0


def test_other_candles_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="`challenger` must have the candles"):
        against(MARKET[:-1])
