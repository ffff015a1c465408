"""The validation score."""

import numpy as np
import pytest

from include.config.system import load_system
from include.training.policy import Policy, policy_of
from include.training.scoring import validation_score
from tests.support.datasets import dataset_of, series_from_closes
from tests.unit.training.builders import model_state

SYSTEM = load_system("phase4")


def _always(action: int) -> Policy:
    state = model_state()
    for name, tensor in state.parameters.items():
        tensor[...] = 0
        if name == "action_net.bias":
            tensor[action] = 1
    return policy_of(state, ("f_test_0", "f_test_1", "f_test_2"), {}, "r")


def test_a_policy_that_holds_forever_scores_zero() -> None:
    dataset = dataset_of(series_from_closes("AAA/USDT:USDT", np.full(1200, 100.0)))
    score = validation_score(SYSTEM, dataset, _always(0))
    assert score.total_return == 0.0
    assert score.decision == "NO-GO"


def test_going_long_wins_in_a_rising_market_and_going_short_loses() -> None:
    dataset = dataset_of(series_from_closes("AAA/USDT:USDT", 100 * 1.002 ** np.arange(1200)))
    assert validation_score(SYSTEM, dataset, _always(1)).total_return > 0
    assert validation_score(SYSTEM, dataset, _always(2)).total_return < 0


def test_only_the_validation_split_counts() -> None:
    closes = 100 * 1.002 ** np.arange(1200)
    crash = closes.copy()
    crash[-500:] *= np.linspace(1.0, 0.1, 500)
    scores = [
        validation_score(SYSTEM, dataset_of(series_from_closes("AAA/USDT:USDT", c)), _always(1))
        for c in (closes, crash)
    ]
    assert scores[0].total_return == pytest.approx(scores[1].total_return)


def test_gates_are_counted_among_the_six_of_the_system() -> None:
    dataset = dataset_of(series_from_closes("AAA/USDT:USDT", np.full(1200, 100.0)))
    assert 0 <= validation_score(SYSTEM, dataset, _always(0)).gates_passed <= len(SYSTEM.gates)
