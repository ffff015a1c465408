from datetime import timedelta

import pytest

from include.core.checks import Severity
from include.validation.staleness import check_staleness, stale_series
from tests.unit.lake.rows import START
from tests.unit.validation.facts import EXPECTED, covered, nothing
from tests.unit.validation.series import series, walk


def test_symbols_up_to_date_pass_even_ahead_of_the_end() -> None:
    assert all(
        r.passed for r in check_staleness([covered(), covered("ETH/USDT:USDT", -2)], EXPECTED, "4h", is_sandbox=False)
    )


def test_a_symbol_that_stands_still_warns_by_name() -> None:
    symbols, feed = check_staleness(
        [covered(), covered("ETH/USDT:USDT", 1), covered("TON/USDT:USDT", 30)], EXPECTED, "4h", is_sandbox=False
    )
    assert not symbols.passed
    assert symbols.severity is Severity.WARNING
    assert symbols.message == "Behind 2026-01-10 08:00 UTC: TON/USDT:USDT (30 candles), ETH/USDT:USDT (1 candles)."
    assert feed.passed
    assert feed.observed == 0


@pytest.mark.parametrize(("is_sandbox", "severity"), [(False, Severity.CRITICAL), (True, Severity.WARNING)])
def test_a_whole_feed_that_stands_still_stops_the_chain_in_live_mode_only(is_sandbox: bool, severity: Severity) -> None:
    _, feed = check_staleness([covered(behind=2), covered("ETH/USDT:USDT", 3)], EXPECTED, "4h", is_sandbox=is_sandbox)
    assert not feed.passed
    assert feed.observed == 2
    assert feed.severity is severity


def test_one_candle_late_is_still_fresh() -> None:
    assert check_staleness([covered(behind=1)], EXPECTED, "4h", is_sandbox=False)[1].passed


def test_no_candle_at_all_is_not_fresh() -> None:
    _, feed = check_staleness([nothing()], EXPECTED, "4h", is_sandbox=False)
    assert not feed.passed
    assert feed.observed is None
    assert feed.message == "No symbol has any candle."


@pytest.mark.parametrize(("hours", "is_behind"), [(40, False), (44, False), (47.9, False), (48, True), (100, True)])
def test_a_stored_series_may_be_one_closed_candle_behind(hours: float, is_behind: bool) -> None:
    check = stale_series(START + timedelta(hours=hours))
    assert bool(check.find([series(walk(10))])) == is_behind


def test_a_stored_series_that_stands_still_is_named_with_its_age() -> None:
    check = stale_series(START + timedelta(hours=100))
    result = check.verdict(check.find([series(walk(10)), series(walk(400), timeframe="1h"), series([])]))
    assert (result.passed, result.severity, result.observed) == (False, Severity.WARNING, 1)
    assert result.message == (
        "Series are behind 2026-01-05 04:00 UTC (1): binanceusdm BTC/USDT:USDT 4h ends at 2026-01-02 12:00 UTC, "
        "15 candles ago."
    )
