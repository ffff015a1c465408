from statistics import fmean, pstdev

import numpy as np
import pytest

from include.features.kernels.settled import settled_score, settled_sum

NAN = np.nan


def _times(*values):
    return np.array(values, dtype=np.int64)


def _sum(times, rates, instant, length=24, longest=8):
    return settled_sum(_times(*times), np.array(rates, float), _times(instant), length, longest)[0]


def test_rates_of_the_window_are_summed_whatever_the_interval():
    # eight-hourly, then four-hourly, then hourly: (0, 24] holds 8, 16, 20, 21 … 24
    times = [0, 8, 16, 20, 21, 22, 23, 24]
    assert _sum(times, [100, 1, 2, 3, 4, 5, 6, 7], 24) == 1 + 2 + 3 + 4 + 5 + 6 + 7


def test_the_window_is_open_at_its_start_and_closed_at_its_end():
    assert _sum([0, 8, 16, 24], [100, 1, 2, 4], 24) == 7
    assert _sum([0, 8, 16, 24], [100, 1, 2, 4], 25) == 7


@pytest.mark.parametrize(
    ("times", "why"),
    [
        ([0, 8, 24], "a hole of sixteen hours inside"),
        ([0, 8, 16], "none in the newest eight hours"),
        ([9, 16, 24], "the first settlement cannot speak for the hour before it"),
        ([], "nothing is known"),
        ([25], "the only one lies ahead"),
    ],
)
def test_a_window_with_a_hole_has_no_sum(times, why):
    assert np.isnan(_sum(times, [1.0] * len(times), 24)), why


def test_a_history_that_begins_with_the_window_is_whole():
    assert _sum([8, 16, 24], [1, 2, 4], 24) == 7


def _score(times, rates, first=0, n=3):
    return settled_score(_times(*times), np.array(rates, float), first, n, 8)


def test_the_newest_rate_is_scored_among_windows_of_equal_length():
    scores = _score([0, 8, 16, 24], [1, 2, 4, 9])
    np.testing.assert_array_equal(scores[:2], [NAN, NAN])
    np.testing.assert_allclose(scores[2:], [(4 - 7 / 3) / pstdev([1, 2, 4]), (9 - 5) / pstdev([2, 4, 9])])


def test_faster_settlements_are_added_up_to_the_window():
    # at 24: (16, 24] holds 20 and 24, (8, 16] holds 16, (0, 8] holds 8
    assert _score([0, 8, 16, 20, 24], [100, 1, 2, 3, 4])[-1] == pytest.approx((7 - 10 / 3) / pstdev([7, 2, 1]))
    # windows end with the settlement that is scored: at 20 they are (12, 20], (4, 12], (−4, 4]
    assert _score([0, 8, 16, 20, 24], [5, 1, 2, 3, 4])[3] == pytest.approx((5 - 11 / 3) / pstdev([5, 1, 5]))


def test_scores_agree_with_windows_cut_one_by_one():
    rng = np.random.default_rng(8)
    times = np.cumsum(rng.integers(1, 9, 400))
    rates = rng.normal(size=400)
    scores = _score(times, rates, n=20)
    for row in (60, 200, 399):
        sums = [rates[(times > times[row] - 8 * (k + 1)) & (times <= times[row] - 8 * k)].sum() for k in range(20)]
        assert scores[row] == pytest.approx((sums[0] - fmean(sums)) / pstdev(sums), rel=1e-9)
    np.testing.assert_array_equal(_score(times, rates, first=150, n=20), scores[150:])


def test_a_hole_of_more_than_a_window_or_too_short_a_history_has_no_score():
    np.testing.assert_array_equal(np.isnan(_score([0, 8, 17, 25, 33], [1, 2, 3, 4, 5])), [True] * 4 + [False])
    assert np.isnan(_score([8, 16], [1, 2])).all()
    assert len(_score([], [])) == 0


def test_equal_rates_score_exactly_zero():
    # 0.1 has no exact binary form: a careless mean of ninety of them differs from each
    assert _score(range(0, 8 * 90, 8), np.full(90, 0.1), n=90)[-1] == 0.0


def test_scores_hold_across_a_change_of_the_interval():
    # eight-hourly, then four-hourly, then two-hourly: even stretches and the windows that reach across
    times = np.concatenate([np.arange(0, 400, 8), np.arange(400, 700, 4), np.arange(700, 900, 2)])
    rates = np.random.default_rng(3).normal(size=len(times))
    scores = _score(times, rates, n=20)
    for row in range(20, len(times)):
        sums = [rates[(times > times[row] - 8 * (k + 1)) & (times <= times[row] - 8 * k)].sum() for k in range(20)]
        assert scores[row] == pytest.approx((sums[0] - fmean(sums)) / pstdev(sums), rel=1e-9)
