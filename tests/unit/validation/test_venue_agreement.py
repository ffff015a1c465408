from dataclasses import replace

import numpy as np
import pytest

from include.core.checks import CheckResult, Severity
from include.validation.candle_series import NEVER, CandleSeries
from include.validation.venue_agreement import VENUE_DISTANCES, VENUE_MISMATCH, distances
from tests.unit.validation.series import series, walk

OURS = series(walk(100))


def bybit(factor: object, **changes: object) -> CandleSeries:
    return replace(OURS, venue="bybit", close=OURS.close * np.asarray(factor), **changes)  # type: ignore[arg-type]


def verdicts(*found: CandleSeries) -> list[CheckResult]:
    return [check.verdict(check.find(found)) for check in (VENUE_DISTANCES, VENUE_MISMATCH)]


def test_the_distance_is_told_over_the_middle() -> None:
    other = bybit(1.0)
    other.close[:] = OURS.close + 1.0
    positions, distance = distances(OURS, other)
    np.testing.assert_array_equal(positions, np.arange(100))
    np.testing.assert_allclose(distance, 1.0 / (OURS.close + 0.5) * 1e4)


def test_venues_a_few_basis_points_apart_agree() -> None:
    assert all(result.passed for result in verdicts(OURS, bybit(1.0025)))


def test_one_close_far_away_warns_with_its_time() -> None:
    far = np.ones(100)
    far[30] = 1.02
    told, mismatch = verdicts(OURS, bybit(far))
    assert (told.passed, told.severity, told.observed) == (False, Severity.WARNING, 1)
    assert "BTC/USDT:USDT 4h 2026-01-06 00:00 UTC 198 bp (binanceusdm, bybit)" in told.message
    assert mismatch.passed


@pytest.mark.parametrize("factor", [1_000.0, 1.05])
def test_another_market_under_the_same_name_is_left_out(factor: float) -> None:
    _, mismatch = verdicts(OURS, bybit(factor))
    assert (mismatch.passed, mismatch.severity) == (False, Severity.EXCLUDE)
    assert mismatch.subjects == ("BTC/USDT:USDT",)


def test_only_common_and_judged_candles_count() -> None:
    later = bybit(1.05, open_time=OURS.open_time + 50 * OURS.length_ms)
    assert len(distances(OURS, later)[0]) == 50
    judged = replace(OURS, since_ms=int(OURS.open_time[90]))
    positions, _ = distances(judged, bybit(1.05, since_ms=NEVER))
    np.testing.assert_array_equal(positions, np.arange(90, 100))
    assert verdicts(judged, bybit(1.05, since_ms=NEVER))[1].passed, "ten candles are too few for a median"


def test_other_timeframes_are_not_compared() -> None:
    assert all(result.passed for result in verdicts(OURS, replace(bybit(2.0), timeframe="1h")))
