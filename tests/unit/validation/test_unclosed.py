from datetime import timedelta

from include.core.checks import Severity
from include.validation.unclosed import unclosed_candles
from tests.unit.lake.rows import START
from tests.unit.validation.series import series, walk

CLOSES = START + timedelta(hours=4 * 10)


def test_closed_candles_pass_up_to_the_very_instant() -> None:
    check = unclosed_candles(CLOSES)
    assert check.verdict(check.find([series(walk(10))])).passed


def test_an_open_candle_leaves_its_symbol_out() -> None:
    check = unclosed_candles(CLOSES - timedelta(milliseconds=1))
    result = check.verdict(check.find([series(walk(10))]))
    assert (result.passed, result.severity, result.observed) == (False, Severity.EXCLUDE, 1)
    assert result.subjects == ("BTC/USDT:USDT",)
    assert "BTC/USDT:USDT 4h, the first at 2026-01-02 12:00 UTC" in result.message


def test_the_length_of_the_timeframe_decides() -> None:
    check = unclosed_candles(CLOSES)
    assert check.find([series(walk(40), timeframe="1h")]) == []
    assert [one.count for one in check.find([series(walk(3), timeframe="1d")])] == [2]
