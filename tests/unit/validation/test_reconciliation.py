from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from include.core.checks import CheckResult, Severity
from include.core.timeframes import HOUR_MS
from include.validation.candle_series import NEVER, CandleSeries
from include.validation.reconciliation import TIMEFRAME_DISAGREEMENTS, TIMEFRAME_MISMATCH, compare
from tests.unit.validation.series import series, walk

HOURS = 24 * 8


def hourly() -> CandleSeries:
    return series(walk(HOURS), timeframe="1h")


def resampled(short: CandleSeries, timeframe: str, rule: str) -> CandleSeries:
    """Longer candles by pandas, which shares nothing with our own way."""
    names = ("open", "high", "low", "close", "volume")
    frame = pd.DataFrame({name: getattr(short, name) for name in names})
    frame.index = pd.to_datetime(short.open_time, unit="ms")
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    made = frame.resample(rule).agg(how)
    times = made.index.to_numpy().astype("datetime64[ms]").astype(np.int64)
    numbers = {name: made[name].to_numpy().copy() for name in names}
    return replace(short, timeframe=timeframe, open_time=times, **numbers)


def verdicts(*found: CandleSeries) -> list[CheckResult]:
    return [check.verdict(check.find(found)) for check in (TIMEFRAME_DISAGREEMENTS, TIMEFRAME_MISMATCH)]


def test_longer_candles_that_pandas_makes_of_shorter_ones_agree() -> None:
    short = hourly()
    four, day = resampled(short, "4h", "4h"), resampled(short, "1d", "1D")
    assert all(result.passed for result in verdicts(day, short, four))
    found = compare(short, four)
    np.testing.assert_allclose(found.made, found.told, rtol=1e-12)
    assert len(found.open_time) == HOURS // 4


@pytest.mark.parametrize("name", ["open", "high", "low", "close", "volume"])
def test_one_number_that_differs_is_told_with_its_time(name: str) -> None:
    short = hourly()
    long = resampled(short, "4h", "4h")
    getattr(long, name)[5] *= 1.002
    told, mismatch = verdicts(short, long)
    assert (told.passed, told.severity, told.observed) == (False, Severity.WARNING, 1)
    assert "BTC/USDT:USDT 1h does not make the 4h candle of 2026-01-01 20:00 UTC" in told.message
    assert mismatch.passed


def test_incomplete_longer_candles_are_not_compared() -> None:
    short = hourly()
    long = resampled(short, "4h", "4h")
    keep = np.arange(HOURS) != 21
    names = ("open_time", "open", "high", "low", "close", "volume")
    holed = replace(short, **{name: getattr(short, name)[keep] for name in names})
    found = compare(holed, long)
    assert len(found.open_time) == HOURS // 4 - 1
    assert int(long.open_time[5]) not in found.open_time
    assert not found.differs.any()


def test_times_of_another_zone_leave_the_symbol_out_and_are_named() -> None:
    short = hourly()
    long = resampled(short, "4h", "4h")
    _, mismatch = verdicts(replace(short, open_time=short.open_time + 3 * HOUR_MS), long)
    assert (mismatch.passed, mismatch.severity) == (False, Severity.EXCLUDE)
    assert "times are 3 h too late" in mismatch.message
    assert mismatch.subjects == ("BTC/USDT:USDT",)
    _, mismatch = verdicts(replace(short, open_time=short.open_time - 5 * HOUR_MS), long)
    assert "times are 5 h too early" in mismatch.message


def test_volume_in_quote_units_leaves_the_symbol_out_and_is_named() -> None:
    short = hourly()
    long = resampled(short, "4h", "4h")
    quote = replace(short, volume=short.volume * short.close)
    _, mismatch = verdicts(quote, long)
    assert "100% differ, volume is in quote units" in mismatch.message
    _, both = verdicts(replace(quote, open_time=short.open_time + 3 * HOUR_MS), long)
    assert "times are 3 h too late, volume is in quote units" in both.message


def test_another_market_is_left_out_without_a_guess_why() -> None:
    long = resampled(hourly(), "4h", "4h")
    _, mismatch = verdicts(series(walk(HOURS, seed=9), timeframe="1h"), long)
    assert mismatch.message == (
        "Candles are of another time, unit or market (48): binanceusdm BTC/USDT:USDT 1h against 4h: 100% differ."
    )


def test_few_candles_that_differ_are_no_mismatch() -> None:
    short = replace(hourly(), volume=np.zeros(HOURS))
    few = {name: getattr(short, name)[:20] for name in ("open_time", "open", "high", "low", "close", "volume")}
    told, mismatch = verdicts(replace(short, **few), resampled(hourly(), "4h", "4h"))
    assert told.observed == 5
    assert mismatch.passed


def test_only_candles_that_end_after_the_first_judged_one_are_compared() -> None:
    short = hourly()
    long = resampled(short, "4h", "4h")
    long.close[[3, 40]] *= 2
    since = int(long.open_time[40])
    told, _ = verdicts(replace(short, since_ms=since), replace(long, since_ms=NEVER))
    assert told.observed == 1
    told, _ = verdicts(replace(short, since_ms=NEVER), replace(long, since_ms=NEVER))
    assert told.passed


def test_another_venue_is_another_market() -> None:
    short = hourly()
    assert all(r.passed for r in verdicts(short, series(walk(48, seed=5), venue="bybit")))
