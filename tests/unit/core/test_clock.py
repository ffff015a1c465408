from datetime import UTC, datetime, timedelta, timezone

import pytest

from include.core.clock import format_utc, from_ms, parse_utc, to_ms, wall_now
from include.core.errors import InvalidInputError


def test_milliseconds_and_datetimes_are_each_others_inverse() -> None:
    assert to_ms(datetime(1970, 1, 1, 0, 0, 1, 5000, tzinfo=UTC)) == 1005
    assert from_ms(1005) == datetime(1970, 1, 1, 0, 0, 1, 5000, tzinfo=UTC)
    assert to_ms(from_ms(1_772_200_800_123)) == 1_772_200_800_123


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="timezone-aware, was"):
        to_ms(datetime(2026, 1, 1))  # noqa: DTZ001 - the case under test


def test_text_without_offset_is_utc_and_an_offset_is_converted() -> None:
    assert parse_utc("2026-02-27T14:00") == datetime(2026, 2, 27, 14, tzinfo=UTC)
    assert parse_utc("2026-02-27T14:00+02:00") == datetime(2026, 2, 27, 12, tzinfo=UTC)


def test_text_that_is_no_time_names_the_argument() -> None:
    with pytest.raises(InvalidInputError, match="`start` must be an ISO-8601 time, was 'soon'"):
        parse_utc("soon", "start")


def test_people_read_one_spelling_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))
    assert format_utc(datetime(2026, 2, 27, 15, 0, tzinfo=berlin)) == "2026-02-27 14:00 UTC"


def test_the_wall_clock_is_aware_and_whole_milliseconds() -> None:
    now = wall_now()
    assert now.utcoffset() == timedelta(0)
    assert now.microsecond % 1000 == 0
