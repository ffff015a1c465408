"""When an official statistic is published: business days of the United States, FRED's release rules.

A federal holiday is no business day; one on a Saturday is kept on the Friday before, one on a Sunday
on the Monday after.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import pandas as pd
from pandas.tseries.holiday import USFederalHolidayCalendar
from pandas.tseries.offsets import CustomBusinessDay, MonthEnd

# FRED has a day's updates by then, all year round (16:15 in New York is 20:15 or 21:15 UTC)
PUBLICATION_TIME = timedelta(hours=22)


class Release(StrEnum):
    """How a series is released.

    `daily`: each business day for the one before. `h10`: the Federal Reserve's foreign exchange
    release, Mondays for the week before. `monthly`: averages, after the month.
    """

    DAILY = "daily"
    H10 = "h10"
    MONTHLY = "monthly"


_BUSINESS_DAY = CustomBusinessDay(calendar=USFederalHolidayCalendar())


def known_at(release: Release, day: datetime) -> datetime:
    """Return the first instant at which the observation of `day` may be used.

    - daily: 22:00 UTC of the next business day.
    - h10: 22:00 UTC of the following Monday; of the next business day when that Monday is a holiday.
      An observation of a Monday waits for the next Monday.
    - monthly: dated at the first of the month it averages; 22:00 UTC of the next business day after
      the last day of that month.

    Parameters
    ----------
    release : Release
        How the series is released.
    day : datetime
        Observation day, 00:00 UTC.

    Notes
    -----
    The true release is never later than this in the ordinary calendar. A release that is late (a
    government shutdown) is not known here: the vintage of a value says when FRED published it.
    """
    stamp = pd.Timestamp(day)
    if release is Release.MONTHLY:
        stamp = stamp + MonthEnd(0)
    published = _following_monday(stamp) if release is Release.H10 else stamp + _BUSINESS_DAY
    return (published + PUBLICATION_TIME).to_pydatetime()


def _following_monday(stamp: pd.Timestamp) -> pd.Timestamp:
    monday = stamp + pd.Timedelta(days=7 - stamp.weekday())
    return _BUSINESS_DAY.rollforward(monday)
