import math

import numpy as np
import pytest

from include.training.fused.loss import (
    APPROX_KL,
    CLIP_FRACTION,
    ENTROPY,
    FIGURES,
    POLICY_LOSS,
    VALUE_LOSS,
    Coefficients,
    Samples,
    advantage_scale,
    differentiate,
    softmax,
)

ALL = np.ones(3, np.bool_)
COEFFICIENTS = Coefficients(3e-4, 0.2, 0.1, 0.5, 0.5, 0.0, math.inf)


def _samples(**changes: np.ndarray) -> Samples:
    usual = {
        "observations": np.zeros((2, 1), np.float32),
        "actions": np.array([0, 1]),
        "allowed": np.ones((2, 2), np.bool_),
        "values": np.zeros(2, np.float32),
        "log_probs": np.log(np.full(2, 0.5, np.float32)),
        "advantages": np.array([1.0, -1.0], np.float32),
        "returns": np.array([3.0, 0.0], np.float32),
    }
    return Samples(**usual | changes)


def _differentiate(samples: Samples, logits: list[list[float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    z, v = np.zeros((2, 16), np.float32), np.zeros((2, 16), np.float32)
    z[:, :2] = logits
    logit_deltas, value_deltas = np.full((2, 16), np.nan, np.float32), np.full((2, 16), np.nan, np.float32)
    figures, room = np.full(FIGURES, np.nan), np.zeros(2, np.float32)
    differentiate(samples, np.arange(2), COEFFICIENTS, z, v, logit_deltas, value_deltas, room, figures)
    return logit_deltas, value_deltas, figures


def test_softmax_gives_probabilities_and_the_logarithm_of_their_sum() -> None:
    probabilities = np.zeros(3, np.float32)
    excess = softmax(np.log(np.array([1.0, 2.0, 5.0], np.float32)), ALL, probabilities)
    np.testing.assert_allclose(probabilities, [1 / 8, 2 / 8, 5 / 8], rtol=1e-6)
    assert excess == pytest.approx(math.log(8), rel=1e-6)


def test_softmax_survives_huge_logits_and_reports_nan() -> None:
    probabilities = np.zeros(3, np.float32)
    softmax(np.array([1e30, -1e30, 0.0], np.float32), ALL, probabilities)
    assert probabilities.tolist() == [1.0, 0.0, 0.0]
    softmax(np.array([0.0, np.nan, 0.0], np.float32), ALL, probabilities)
    assert np.isnan(probabilities).all()


def test_a_forbidden_action_has_no_probability_whatever_its_logit() -> None:
    probabilities = np.zeros(3, np.float32)
    excess = softmax(np.array([0.0, 80.0, 0.0], np.float32), np.array([True, False, True]), probabilities)
    assert probabilities.tolist() == [0.5, 0.0, 0.5]
    assert excess == pytest.approx(math.log(2))


def test_advantages_are_scaled_by_their_sample_deviation() -> None:
    samples = _samples(advantages=np.array([1.0, 5.0], np.float32))
    # mean 3, deviation √((4 + 4) / 1)
    mean, scale = advantage_scale(samples, np.arange(2))
    assert mean == 3.0
    assert scale == pytest.approx(math.sqrt(8))
    assert advantage_scale(samples, np.array([1])) == (0.0, 1.0)


def test_the_first_minibatch_has_ratio_one() -> None:
    logit_deltas, value_deltas, figures = _differentiate(_samples(), [[0.0, 0.0], [0.0, 0.0]])
    # advantages become ±1/√2, their mean is the loss; both values are 0 against returns 3 and 0
    assert figures[POLICY_LOSS] == pytest.approx(0.0, abs=1e-7)
    assert figures[VALUE_LOSS] == pytest.approx(4.5)
    assert figures[ENTROPY] == pytest.approx(math.log(2))
    assert figures[APPROX_KL] == figures[CLIP_FRACTION] == 0.0
    # −½ · A · (1 − ½) on the chosen action; the entropy of equal odds has no slope
    pull = 0.25 / math.sqrt(2)
    np.testing.assert_allclose(logit_deltas[:, :2], [[-pull, pull], [-pull, pull]], atol=1e-7)
    assert value_deltas[:, 0].tolist() == [-1.5, 0.0]
    assert not logit_deltas[:, 2:].any()
    assert not value_deltas[:, 1:].any()


def test_a_ratio_beyond_the_clip_passes_no_gradient_on_when_it_already_helps() -> None:
    samples = _samples(log_probs=np.log(np.array([0.25, 0.25], np.float32)))
    logit_deltas, _, figures = _differentiate(samples, [[0.0, 0.0], [0.0, 0.0]])
    # ratio 2 in both: the good action is clipped at 1.2, the bad one is not
    scale = 1 / math.sqrt(2)
    assert figures[POLICY_LOSS] == pytest.approx(-(1.2 - 2.0) * scale / 2, rel=1e-5)
    assert figures[CLIP_FRACTION] == 1.0
    assert figures[APPROX_KL] == pytest.approx(1.0 - math.log(2), rel=1e-5)
    np.testing.assert_allclose(logit_deltas[0, :2], [0.0, 0.0], atol=1e-7)
    np.testing.assert_allclose(logit_deltas[1, :2], [-0.5 * scale, 0.5 * scale], rtol=1e-5)


def test_a_forbidden_action_has_no_gradient() -> None:
    allowed = np.array([[True, True, False], [True, True, False]])
    z = np.array([[0.0, 1.0, 9.0] + [0.0] * 13] * 2, np.float32)
    deltas, values = np.full((2, 16), np.nan, np.float32), np.zeros((2, 16), np.float32)
    room, figures = np.zeros(3, np.float32), np.zeros(FIGURES)
    differentiate(
        _samples(allowed=allowed), np.arange(2), COEFFICIENTS, z, values, deltas, values.copy(), room, figures
    )
    assert deltas[:, 2].tolist() == [0.0, 0.0]
    assert np.abs(deltas[:, :2]).min() > 0.0
    # entropy of odds 1 : e
    p = 1 / (1 + math.e)
    assert figures[ENTROPY] == pytest.approx(-p * math.log(p) - (1 - p) * math.log(1 - p), rel=1e-6)
