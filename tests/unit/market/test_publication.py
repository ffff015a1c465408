"""Days by hand from the calendars of 2025 and 2026; 2025-01-20 and 2026-02-16 were federal holidays."""

from datetime import UTC, datetime

import pytest

from include.market.publication import Release, known_at


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("release", "day", "known"),
    [
        # Tuesday → Wednesday; Friday → Monday
        (Release.DAILY, "2025-01-14", "2025-01-15T22:00"),
        (Release.DAILY, "2025-01-10", "2025-01-13T22:00"),
        # Friday before Martin Luther King day → Tuesday
        (Release.DAILY, "2025-01-17", "2025-01-21T22:00"),
        # Thursday before Independence day on a Friday → Monday
        (Release.DAILY, "2025-07-03", "2025-07-07T22:00"),
        # Christmas eve → the day after Christmas
        (Release.DAILY, "2025-12-24", "2025-12-26T22:00"),
        # a Saturday's value waits for Monday, too
        (Release.DAILY, "2025-01-11", "2025-01-13T22:00"),
        # the week of Monday the 6th to Friday the 10th is released on Monday the 13th
        (Release.H10, "2025-01-06", "2025-01-13T22:00"),
        (Release.H10, "2025-01-08", "2025-01-13T22:00"),
        (Release.H10, "2025-01-10", "2025-01-13T22:00"),
        # the Monday after is a holiday
        (Release.H10, "2025-01-13", "2025-01-21T22:00"),
        (Release.H10, "2026-02-13", "2026-02-17T22:00"),
        # January's average: 1 and 2 February 2025 were a weekend
        (Release.MONTHLY, "2025-01-01", "2025-02-03T22:00"),
        # March's average: 1 April was a Tuesday
        (Release.MONTHLY, "2025-03-01", "2025-04-01T22:00"),
        # December's average: 1 January is a holiday, 2 January 2026 was a Friday
        (Release.MONTHLY, "2025-12-01", "2026-01-02T22:00"),
    ],
)
def test_a_value_is_known_from_its_publication_on(release: Release, day: str, known: str) -> None:
    assert known_at(release, utc(day)) == utc(known)


def test_a_monthly_average_is_never_known_before_its_month_is_over() -> None:
    for month in range(1, 13):
        first = datetime(2026, month, 1, tzinfo=UTC)
        after = datetime(2026 + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        assert known_at(Release.MONTHLY, first) > after
