import numpy as np
import pytest

from include.sandbox.calendar_us import (
    federal_calendar,
    first_business_day_of_next_month,
    following_monday,
    is_monthly,
    next_business_day,
)

# US Office of Personnel Management, federal holidays 2025 and 2026, those on weekdays
HOLIDAYS = [
    "2025-01-01 2025-01-20 2025-02-17 2025-05-26 2025-06-19 2025-07-04 2025-09-01 2025-10-13 2025-11-11 2025-11-27",
    "2025-12-25 2026-01-01 2026-01-19 2026-02-16 2026-05-25 2026-06-19 2026-09-07 2026-10-12 2026-11-11 2026-11-26",
    "2026-12-25",
]


def days(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[D]")


def test_the_weekdays_off_of_two_years_are_the_federal_holidays() -> None:
    every_day = np.arange(np.datetime64("2025-01-01"), np.datetime64("2027-01-01"))
    weekdays = every_day[np.is_busday(every_day)]
    off = weekdays[~np.is_busday(weekdays, busdaycal=federal_calendar())]
    assert off.tolist() == days(*" ".join(HOLIDAYS).split()).tolist()


def test_a_holiday_on_sunday_is_kept_on_monday() -> None:
    assert not np.is_busday(np.datetime64("2027-07-05"), busdaycal=federal_calendar())  # 4 July 2027 is a Sunday


@pytest.mark.parametrize(
    ("day", "following"),
    [
        ("2026-02-11", "2026-02-12"),  # Wednesday
        ("2026-02-13", "2026-02-17"),  # Friday before Presidents' Day
        ("2026-02-14", "2026-02-17"),  # Saturday
    ],
)
def test_the_next_business_day_skips_weekends_and_holidays(day: str, following: str) -> None:
    assert next_business_day(days(day)).tolist() == days(following).tolist()


@pytest.mark.parametrize(
    ("day", "following"),
    [
        ("2026-03-02", "2026-03-09"),  # a Monday waits a week
        ("2026-03-06", "2026-03-09"),
        ("2026-02-13", "2026-02-17"),  # Presidents' Day moves the release to Tuesday
    ],
)
def test_the_weekly_release_is_on_the_following_monday(day: str, following: str) -> None:
    assert following_monday(days(day)).tolist() == days(following).tolist()


def test_a_months_average_waits_for_the_next_month() -> None:
    assert first_business_day_of_next_month(days("2025-12-01", "2026-01-01")).tolist() == (
        days("2026-01-02", "2026-02-02").tolist()
    )


def test_only_firsts_of_months_are_monthly() -> None:
    assert is_monthly(days("2026-01-01", "2026-02-01"))
    assert not is_monthly(days("2026-01-01", "2026-01-02"))
    assert not is_monthly(days())
