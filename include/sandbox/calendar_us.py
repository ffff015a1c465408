"""Business days of the United States: when macro series have values and when they are published."""

from functools import lru_cache

import numpy as np

from include.sandbox.market_data import Days

FIRST_YEAR, LAST_YEAR = 1970, 2050
# month, weekday, which one in the month
FLOATING = ((1, "Mon", 3), (2, "Mon", 3), (9, "Mon", 1), (10, "Mon", 2), (11, "Thu", 4))
FIXED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))


@lru_cache(maxsize=1)
def federal_calendar() -> np.busdaycalendar:
    """Return the calendar of weekdays that are not federal holidays (5 U.S.C. 6103), 1970 to 2050."""
    days = [day for year in range(FIRST_YEAR, LAST_YEAR + 1) for day in _holidays(year)]
    return np.busdaycalendar(holidays=days)


def next_business_day(days: Days) -> Days:
    """Return the first business day after each of `days`, datetime64[D]."""
    return np.busday_offset(days + np.timedelta64(1, "D"), 0, roll="forward", busdaycal=federal_calendar())


def following_monday(days: Days) -> Days:
    """Return the first Monday after each of `days`, or the next business day when that Monday is a holiday."""
    mondays = np.busday_offset(days + np.timedelta64(1, "D"), 0, roll="forward", weekmask="Mon")
    return np.busday_offset(mondays, 0, roll="forward", busdaycal=federal_calendar())


def is_monthly(days: Days) -> bool:
    """Return whether all of `days`, at least one, are firsts of a month."""
    return len(days) > 0 and bool(np.all(days == days.astype("datetime64[M]").astype("datetime64[D]")))


def first_business_day_of_next_month(days: Days) -> Days:
    """Return the first business day of the month after each of `days`, datetime64[D]."""
    next_month = (days.astype("datetime64[M]").astype(np.int64) + 1).astype("datetime64[M]")
    return np.busday_offset(next_month.astype("datetime64[D]"), 0, roll="forward", busdaycal=federal_calendar())


def _holidays(year: int) -> list[np.datetime64]:
    floating = [
        np.busday_offset(np.datetime64(f"{year}-{month:02}"), number - 1, roll="forward", weekmask=weekday)
        for month, weekday, number in FLOATING
    ]
    memorial = np.busday_offset(np.datetime64(f"{year}-06"), -1, roll="forward", weekmask="Mon")
    return [*floating, memorial, *(_observed(np.datetime64(f"{year}-{month:02}-{day:02}")) for month, day in FIXED)]


def _observed(day: np.datetime64) -> np.datetime64:
    # a holiday on Sunday is kept on Monday; the markets do not move one from Saturday
    return np.busday_offset(day, 0, roll="forward", weekmask="Mon Tue Wed Thu Fri Sat")
