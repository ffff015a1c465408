import numpy as np
import pytest

from include.features.settlements import candle_funding

HOUR = 3_600_000


def _funding(candles: int, settled: dict[int, float], step: int = 4):
    times = np.array(sorted(settled), dtype=np.int64) * HOUR
    rates = np.array([settled[t] for t in sorted(settled)])
    return candle_funding(np.arange(candles, dtype=np.int64) * step * HOUR, step * HOUR, times, rates)


def _hours(candles, settled, step=4):
    return _funding(candles, settled, step).assumed.tolist()


def test_every_eight_hours_a_settlement_falls_on_each_second_close():
    funding = _funding(6, {0: 0.1, 8: 0.2, 16: 0.3, 24: 0.4})
    np.testing.assert_array_equal(funding.at_close, [0, 0.2, 0, 0.3, 0, 0.4])
    np.testing.assert_array_equal(funding.inner, 0.0)
    np.testing.assert_array_equal(funding.assumed, 0.0)


def test_every_four_hours_each_close_has_its_own():
    funding = _funding(3, {0: 9.0, 4: 0.1, 8: 0.2, 12: 0.3})
    np.testing.assert_array_equal(funding.at_close, [0.1, 0.2, 0.3])
    np.testing.assert_array_equal(funding.inner, 0.0)


def test_every_hour_three_settle_inside_and_the_fourth_at_the_close():
    funding = _funding(2, {t: float(t) for t in range(9)})
    np.testing.assert_array_equal(funding.inner, [1 + 2 + 3, 5 + 6 + 7])
    np.testing.assert_array_equal(funding.at_close, [4, 8])


def test_the_settlement_at_the_open_belongs_to_the_candle_before():
    funding = _funding(1, {0: 5.0})
    assert funding.inner.tolist() == [0.0]
    assert funding.at_close.tolist() == [0.0]


def test_nothing_is_charged_twice_or_lost_when_the_interval_changes():
    settled = {0: 1.0, 8: 2.0, 16: 4.0, 20: 8.0, 24: 16.0, 25: 32.0, 26: 64.0, 27: 128.0, 28: 256.0}
    funding = _funding(7, settled)
    np.testing.assert_array_equal(funding.at_close, [0, 2, 0, 4, 8, 16, 256])
    np.testing.assert_array_equal(funding.inner, [0, 0, 0, 0, 0, 0, 32 + 64 + 128])
    np.testing.assert_array_equal(funding.assumed, 0.0)


def test_one_missing_settlement_leaves_its_own_eight_hours_open():
    # that of hour 8 is missing: the hours 0 to 8, not those that the one of hour 16 pays for
    assert _hours(4, {0: 1.0, 16: 1.0}) == [4, 4, 0, 0]


def test_one_missing_settlement_of_a_four_hour_perpetual_leaves_four_hours_open():
    assert _hours(6, {0: 1.0, 4: 1.0, 12: 1.0, 16: 1.0, 20: 1.0, 24: 1.0}) == [0, 4, 0, 0, 0, 0]


def test_one_missing_settlement_of_an_hourly_perpetual_leaves_one_hour_open():
    settled = {hour: 1.0 for hour in range(13) if hour != 6}
    assert _hours(3, settled) == [0, 1, 0]


def test_a_long_hole_leaves_all_but_the_last_eight_hours_open():
    assert _hours(8, {0: 1.0, 30: 1.0, 38: 1.0}) == [4, 4, 4, 4, 4, 2, 0, 0]


def test_hours_before_the_first_settlement_are_open_but_for_those_it_pays():
    assert _hours(4, {14: 1.0}) == [4, 2, 0, 0]


def test_after_the_last_settlement_the_next_is_not_due_for_eight_hours():
    assert _hours(4, {2: 1.0}) == [0, 0, 2, 4]


def test_without_any_settlement_every_hour_is_open():
    funding = _funding(2, {})
    np.testing.assert_array_equal(funding.assumed, [4, 4])
    np.testing.assert_array_equal(funding.at_close, 0.0)


def test_settlements_outside_the_candles_matter_only_for_coverage():
    times = np.array([-8, 100], dtype=np.int64) * HOUR
    funding = candle_funding(np.array([0, 4, 92, 96]) * HOUR, 4 * HOUR, times, np.array([7.0, 9.0]))
    np.testing.assert_array_equal(funding.inner, 0.0)
    np.testing.assert_array_equal(funding.at_close, [0, 0, 0, 9])
    np.testing.assert_array_equal(funding.assumed, [4, 4, 0, 0])


@pytest.mark.parametrize("step", [1, 24])
def test_other_timeframes_count_their_own_hours(step):
    assert sum(_hours(48 // step, {0: 1.0, 24: 1.0, 32: 1.0, 40: 1.0, 48: 1.0}, step)) == 16


def test_no_candles_give_no_rows():
    assert len(_funding(0, {0: 1.0}).assumed) == 0
