from include.core.checks import Severity
from include.validation.continuity import MISSING_CANDLES, check_continuity
from tests.unit.validation.facts import covered, nothing, run
from tests.unit.validation.series import series, walk


def test_whole_series_pass() -> None:
    missing, share = check_continuity([covered(), nothing()])
    assert missing.passed
    assert share.passed


def test_missing_candles_warn_with_symbol_and_times() -> None:
    missing, share = check_continuity([covered(rows=97, gaps=(run(3, 1), run(5, 2)))])
    assert not missing.passed
    assert missing.severity is Severity.WARNING
    assert missing.observed == 3
    assert missing.message == (
        "3 candles are missing: BTC/USDT:USDT 2026-01-03 00:00 UTC – 2026-01-03 00:00 UTC (1); "
        "BTC/USDT:USDT 2026-01-05 00:00 UTC – 2026-01-05 04:00 UTC (2)."
    )
    assert share.passed
    assert share.observed == 0.03


def test_more_than_five_percent_missing_is_critical() -> None:
    assert check_continuity([covered(rows=95, gaps=(run(3, 5),))])[1].passed
    share = check_continuity([covered(rows=94, gaps=(run(3, 6),))])[1]
    assert not share.passed
    assert share.severity is Severity.CRITICAL


def test_a_long_list_is_cut_with_its_length() -> None:
    (missing, _) = check_continuity([covered(rows=10_000, gaps=tuple(run(day, 1) for day in range(2, 10)))])
    assert missing.message.endswith("; and 3 more runs.")


def test_no_candles_at_all_are_nothing_missing() -> None:
    assert all(result.passed for result in check_continuity([nothing()]))


def test_missing_candles_of_every_stored_series_are_counted_with_their_times() -> None:
    holed = series(walk(20), timeframe="1h")
    holed.open_time[7:] += 3 * 3_600_000
    result = MISSING_CANDLES.verdict(MISSING_CANDLES.find([holed, series(walk(20)), series([])]))
    assert (result.passed, result.severity, result.observed) == (False, Severity.WARNING, 3)
    assert "binanceusdm BTC/USDT:USDT 1h 2026-01-01 07:00 UTC – 2026-01-01 09:00 UTC (3)" in result.message
    assert MISSING_CANDLES.find([series(walk(20))]) == []
