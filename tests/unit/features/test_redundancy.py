import numpy as np
import pytest

from include.features.redundancy import collinear, constant, duplicates, near_constant, neutral_filled, redundant

RNG = np.random.default_rng(4)
A, B = RNG.normal(size=(2, 500)).astype(np.float32)


def _sample(*columns):
    return np.column_stack(columns).astype(np.float32)


def test_constant_features_are_named_with_their_value():
    assert constant(_sample(A, np.full(500, 0.5)), ["a", "still"]) == {"still": 0.5}


@pytest.mark.parametrize(("moves", "found"), [(5, True), (6, False), (0, False)])
def test_near_constant_means_one_value_in_ninety_nine_of_a_hundred(moves, found):
    column = np.zeros(500)
    column[:moves] = 1 + np.arange(moves)
    assert (near_constant(_sample(column), ["x"]) == {"x": pytest.approx(1 - moves / 500)}) is found


def test_duplicates_point_to_the_first_of_their_kind():
    assert duplicates(_sample(A, B, A, A), list("abcd")) == {"c": "a", "d": "a"}


def test_collinear_features_are_found_in_both_directions():
    noisy = A + 0.01 * B
    found = collinear(_sample(A, -2 * A, noisy, B), list("abcd"))
    assert {name: (other, round(r, 3)) for name, (other, r) in found.items()} == {"b": ("a", -1.0), "c": ("a", 1.0)}


def test_correlation_just_below_the_limit_is_left_alone():
    assert collinear(_sample(A, A + 0.06 * B), list("ab")) == {}


def test_constant_features_have_no_correlation():
    assert collinear(_sample(A, np.ones(500), np.ones(500)), list("abc")) == {}


def test_redundant_gives_one_reason_each_and_leaves_constant_ones_to_others():
    mostly = np.zeros(500)
    mostly[0] = 1.0
    found = redundant(_sample(A, A, -A, mostly, np.ones(500), np.ones(500)), list("abcdef"))
    assert found == {"b": "equal to a", "c": "r = -1.00000 with a", "d": "one value makes up 99.8%"}


@pytest.mark.parametrize(("value", "found"), [(0.0, True), (0.5, True), (1.0, True), (50.0, True), (0.3, False)])
def test_nine_rows_in_ten_at_a_neutral_value_look_filled(value, found):
    column = np.full(500, value)
    column[:50] = -1.0 - np.arange(50)
    assert neutral_filled(_sample(A, column), ["a", "x"]) == ({"x": (value, 0.9)} if found else {})
    column[50] = -99.0
    assert neutral_filled(_sample(A, column), ["a", "x"]) == {}


def test_a_neutral_filled_feature_is_reported_in_words():
    column = np.zeros(500)
    column[:40] = 1 + np.arange(40)
    assert redundant(_sample(A, column), ["a", "x"]) == {"x": "neutral: 0 makes up 92.0%"}
