import numpy as np
import pytest

from include.environments.kernels.replay import NO_DECISION
from include.evaluation.kernels.acting import act, act_all, greatest
from tests.support.networks import random_network


@pytest.mark.parametrize(
    ("logits", "place"),
    [
        ([1.0, 3.0, 2.0], 1),
        ([3.0, 3.0, 3.0], 0),
        ([-1.0, -2.0, -1.0], 0),
        ([-np.inf, -np.inf], 0),
        ([0.0, np.inf], 1),
        ([0.0, np.nan, 5.0], NO_DECISION),
        ([np.nan, 1.0], NO_DECISION),
    ],
)
def test_the_first_greatest_value_is_chosen_unless_one_is_no_number(logits, place):
    assert greatest(np.array(logits, np.float32)) == place


def test_only_the_rows_asked_for_are_decided():
    network = random_network(3, 4)
    observations = np.random.default_rng(1).normal(size=(6, 3)).astype(np.float32)
    chosen = np.full(6, 99)

    assert act(network.actor, observations, 4, network.room, chosen) == 0

    assert chosen[:4].tolist() == network.predict(observations)[:4].tolist()
    assert chosen[4:].tolist() == [99, 99]


def test_rows_without_an_action_are_counted_and_the_others_are_decided():
    network = random_network(3, 4)
    observations = np.random.default_rng(1).normal(size=(21, 3)).astype(np.float32)
    expected = network.predict(observations)
    observations[[0, 20]] = np.nan
    chosen = np.zeros(21, np.int64)

    assert act_all(network.actor, observations, 4, network.room, chosen) == 2

    assert chosen[[0, 20]].tolist() == [NO_DECISION, NO_DECISION]
    assert chosen[1:20].tolist() == expected[1:20].tolist()
