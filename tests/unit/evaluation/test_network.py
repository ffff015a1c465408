import os
import platform
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from include.core.errors import InvalidInputError
from include.evaluation.network import ROWS, Network
from tests.support.networks import random_network

SHOW_BITS = """
import hashlib
from tests.unit.evaluation.test_network import NETWORK, observed
from include.evaluation.kernels.acting import act
import numpy as np
values = NETWORK.room
for seed in range(200):
    act(NETWORK.actor, observed(8, seed), 8, values, np.zeros(8, np.int64))
    print(hashlib.sha256(values.tobytes()).hexdigest())
"""
NETWORK = random_network(7, 5)


def observed(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=3.0, size=(count, 7)).astype(np.float32)


def logits(network: Network, observations: np.ndarray) -> np.ndarray:
    """The definition, in float64 and with NumPy alone."""
    values = np.clip((observations - network.mean) / network.deviation, -network.clip, network.clip)
    *hidden, last = network.layers
    for weight, bias in hidden:
        values = np.tanh(values @ weight.T + bias)
    return values @ last[0].T + last[1]


def test_the_action_is_the_one_with_the_greatest_logit():
    observations = observed(1_000)
    expected = logits(NETWORK, observations)
    best, second = np.sort(expected, axis=1)[:, :-3:-1].T
    # nothing but rounding of float32 may decide otherwise, and nothing here is that close
    assert (best - second).min() > 1e-5

    actions = NETWORK.predict(observations)

    assert actions.dtype == np.int64
    assert actions.tolist() == expected.argmax(axis=1).tolist()
    assert np.bincount(actions, minlength=5).min() > 20


def test_of_equal_logits_the_first_counts():
    indifferent = np.zeros_like(NETWORK.layers[-1][0]), np.float32([0, 1, 1, 0, 1])
    tied = replace(NETWORK, layers=(*NETWORK.layers[:-1], indifferent))

    assert set(tied.predict(observed(50)).tolist()) == {1}


def test_an_observation_is_acted_on_alike_alone_and_among_others():
    observations = observed(5 * ROWS + 3)

    together = NETWORK.predict(observations).tolist()

    assert together == [int(NETWORK.predict(row[None])[0]) for row in observations]
    assert NETWORK(observations[::-1]).tolist() == together[::-1]


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="names a processor of x86")
def test_a_processor_without_wide_vectors_and_fused_multiply_add_finds_the_same_bits(tmp_path):
    plain = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    found = [
        subprocess.run(
            [sys.executable, "-c", SHOW_BITS], env=os.environ | settings, capture_output=True, check=True, timeout=500
        ).stdout
        for settings in ({}, plain)
    ]

    assert len(found[0]) > 64
    assert found[0] == found[1]


def test_nobody_decides_nothing():
    assert NETWORK.predict(observed(0)).tolist() == []


@pytest.mark.parametrize("shape", [(7,), (2, 6), (1, 2, 7)])
def test_observations_of_another_shape_are_refused(shape):
    with pytest.raises(InvalidInputError, match=r"`observations` must have shape \(n, 7\)"):
        NETWORK.predict(np.zeros(shape, np.float32))


def test_observations_without_a_number_are_refused():
    observations = observed(10)
    observations[4, 2] = np.nan

    with pytest.raises(InvalidInputError, match="was NaN in 1"):
        NETWORK.predict(observations)
