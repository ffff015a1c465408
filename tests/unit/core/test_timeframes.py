import pytest

from include.core.errors import InvalidInputError
from include.core.timeframes import TIMEFRAMES_MS, floor_to_timeframe, length_name, periods_per_year, timeframe_ms


def test_a_year_of_4h_crypto_candles_has_2190_periods() -> None:
    assert periods_per_year("4h", "crypto") == 2190
    assert periods_per_year("1d", "crypto") == 365


def test_a_year_of_1m_us_equities_has_252_sessions_of_390_minutes() -> None:
    assert periods_per_year("1m", "us_equities") == 252 * 390


def test_the_candle_that_contains_an_instant_opens_on_the_grid() -> None:
    assert floor_to_timeframe(14_399_999, "4h") == 0
    assert floor_to_timeframe(14_400_000, "4h") == 14_400_000


def test_a_length_is_spelled_in_its_largest_whole_unit() -> None:
    assert {length_name(length): length for length in TIMEFRAMES_MS.values()} == TIMEFRAMES_MS
    lengths = (7_200_000, 420_000, 90_000, 14_400, 604_800_000)
    assert [length_name(length) for length in lengths] == ["2h", "7m", "90s", "14400 ms", "7d"]


def test_an_unknown_timeframe_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="one of 1m, 5m, 15m, 1h, 4h, 1d, was '3h'"):
        timeframe_ms("3h")


def test_an_unknown_calendar_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="`calendar` must be one of crypto, us_equities"):
        periods_per_year("4h", "lunar")  # type: ignore[arg-type]  # the case under test
