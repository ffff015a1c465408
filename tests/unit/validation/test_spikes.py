import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from include.core.checks import CheckResult, Severity
from include.validation.candle_series import CandleSeries
from include.validation.limits import SPIKE_FEWEST
from include.validation.spikes import SPIKES, scores
from tests.unit.validation.series import series, walk


def check_spikes(series: list[CandleSeries]) -> CheckResult:
    return SPIKES.verdict(SPIKES.find(series))


def test_a_random_walk_passes() -> None:
    assert check_spikes([series(walk(2_000))]).passed


@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_a_close_ten_times_off_is_told_and_only_warns(factor: float) -> None:
    closes = walk(700)
    closes[650] *= factor
    result = check_spikes([series(closes)])
    assert (result.passed, result.severity, result.observed) == (False, Severity.WARNING, 1)
    assert result.subjects == ("BTC/USDT:USDT",)
    assert "2026-04-19 08:00 UTC" in result.message


def test_a_change_of_unit_is_told_once_and_at_once() -> None:
    closes = walk(300)
    closes[299] *= 1_000
    assert check_spikes([series(closes)]).observed == 1
    closes = walk(300)
    closes[200:] *= 1_000
    assert check_spikes([series(closes)]).observed == 1


def test_a_smaller_jump_counts_only_where_it_comes_back() -> None:
    rises, returns = walk(300), walk(300)
    rises[200:] *= np.exp(0.5)
    returns[200] *= np.exp(0.5)
    assert check_spikes([series(rises)]).passed
    assert check_spikes([series(returns)]).observed == 1


def test_only_judged_candles_are_told() -> None:
    closes = walk(300)
    closes[200] *= 10
    assert check_spikes([series(closes, since=202)]).passed
    assert not check_spikes([series(closes, since=200)]).passed


def test_the_usual_move_is_scipys_median_absolute_deviation_from_zero_per_block() -> None:
    closes = walk(1_700, seed=3)
    jump, _ = scores(series(closes))
    moves = np.diff(np.log(closes), prepend=np.log(closes[0]))
    for first, stop in ((0, 700), (700, 1_200), (1_200, 1_700)):
        moved = moves[first:stop][moves[first:stop] != 0]
        usual = median_abs_deviation(moved, center=lambda values, axis: np.zeros(()), scale="normal")
        np.testing.assert_allclose(jump[first:stop], np.abs(moves[first:stop]) / usual, rtol=1e-12)


def test_a_market_that_mostly_stands_still_may_move_as_it_does() -> None:
    closes = np.repeat(walk(200), 5)
    assert check_spikes([series(closes)]).passed
    closes[500:] *= 10
    assert check_spikes([series(closes)]).observed == 1


def test_the_reversal_is_the_smaller_of_two_moves_that_undo_each_other() -> None:
    closes = walk(100)
    closes[50] = closes[49] * np.exp(0.4)
    closes[51] = closes[50] * np.exp(-0.3)
    jump, reversal = scores(series(closes))
    assert reversal[50] / jump[50] == pytest.approx(0.3 / 0.4)
    assert reversal[-1] == 0


def test_a_price_that_stands_still_has_no_spike_when_it_ticks() -> None:
    closes = np.full(200, 100.0)
    closes[100:] = 100.01
    assert check_spikes([series(closes)]).passed


def test_too_few_candles_have_no_usual_move() -> None:
    closes = walk(SPIKE_FEWEST - 1)
    closes[20] *= 10
    assert check_spikes([series(closes)]).passed
