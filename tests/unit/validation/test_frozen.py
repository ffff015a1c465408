import numpy as np
import pytest

from include.core.checks import CheckResult, Severity
from include.validation.candle_series import CandleSeries
from include.validation.frozen import FROZEN_CANDLES, FROZEN_FEED, frozen_runs
from tests.unit.validation.series import series, walk


def repeating(first: int, count: int, since: int = 0) -> CandleSeries:
    """A walk of 20 candles in which the one before `first` is told `count` times more."""
    made = series(walk(20), since=since)
    for values in (made.open, made.high, made.low, made.close, made.volume):
        values[first : first + count] = values[first - 1]
    return made


def still(count: int, timeframe: str) -> CandleSeries:
    """A walk that ends in `count` candles without any movement or volume."""
    made = series(np.append(walk(10), np.full(count, 100.0)), timeframe=timeframe)
    made.close[9] = 100.0
    for values in (made.open, made.high, made.low):
        values[10:] = 100.0
    made.volume[10:] = 0.0
    return made


def verdicts(candles: CandleSeries) -> list[CheckResult]:
    return [check.verdict(check.find([candles])) for check in (FROZEN_FEED, FROZEN_CANDLES)]


def test_a_market_that_moves_passes() -> None:
    assert all(result.passed for result in verdicts(series(walk(50))))


def test_candles_told_again_at_the_end_leave_their_symbol_out() -> None:
    now, before = verdicts(repeating(17, 3))
    assert (now.passed, now.severity, now.observed) == (False, Severity.EXCLUDE, 3)
    assert now.subjects == ("BTC/USDT:USDT",)
    assert "BTC/USDT:USDT 4h 2026-01-03 20:00 UTC – 2026-01-04 04:00 UTC" in now.message
    assert before.passed


def test_candles_told_again_earlier_only_warn() -> None:
    now, before = verdicts(repeating(5, 4))
    assert now.passed
    assert (before.passed, before.severity, before.observed) == (False, Severity.WARNING, 4)


def test_one_candle_told_again_is_no_run() -> None:
    assert frozen_runs(repeating(5, 1)) == []


@pytest.mark.parametrize(("timeframe", "most"), [("1m", 30), ("5m", 12), ("15m", 8), ("1h", 6), ("4h", 3), ("1d", 2)])
def test_each_timeframe_may_stand_still_as_long_as_markets_do(timeframe: str, most: int) -> None:
    assert frozen_runs(still(most, timeframe)) == []
    assert frozen_runs(still(most + 1, timeframe)) == [(10, 11 + most)]


def test_only_runs_that_reach_a_judged_candle_are_told() -> None:
    assert frozen_runs(repeating(5, 4, since=9)) == []
    assert frozen_runs(repeating(5, 4, since=8)) == [(5, 9)]


def test_a_gap_ends_a_run() -> None:
    made = repeating(5, 4)
    made.open_time[7:] += 4 * 3_600_000
    assert frozen_runs(made) == [(5, 7)]
    quiet = still(4, "4h")
    quiet.open_time[12:] += 4 * 3_600_000
    assert frozen_runs(quiet) == []


def test_a_series_of_one_candle_or_none_passes() -> None:
    assert frozen_runs(series([])) == frozen_runs(series([1.0])) == []
