from datetime import UTC, date, datetime

import pytest

from include.config.campaign import Campaign, load_campaign
from include.orchestration.campaign_calendar import calendar, days, firings


@pytest.fixture
def campaign() -> Campaign:
    return load_campaign()


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 2, day, hour, minute, tzinfo=UTC)


def test_a_cron_fires_at_each_of_its_times_both_ends_included() -> None:
    assert firings("0 10,14 * * *", at(23, 10), at(24, 10)) == [at(23, 10), at(23, 14), at(24, 10)]


def test_a_list_fires_at_its_own_times_and_null_never() -> None:
    events = (at(27, 14), at(20, 14), datetime(2026, 2, 26, 14))  # noqa: DTZ001 (a time without zone is UTC)
    assert firings(events, at(23, 0), at(28, 0)) == [at(26, 14), at(27, 14)]
    assert firings(None, at(23, 0), at(28, 0)) == []


def test_the_documents_days_and_checks_are_in_the_calendar(campaign: Campaign) -> None:
    assert days(campaign) == [date(2026, 2, day) for day in range(23, 28)]
    standups = [entry.at for entry in calendar(campaign) if entry.what == "Morning standup"]
    assert standups == [at(day, 10) for day in range(23, 28)]


def test_the_revalidation_day_is_the_documents_timeline(campaign: Campaign) -> None:
    friday = [(entry.at, entry.owner) for entry in calendar(campaign) if entry.at >= at(27, 14)]
    assert (at(27, 14), "ml") in friday
    assert [(at(27, 16), "ml"), (at(27, 16, 15), "swe"), (at(27, 16, 30), "cto")] == friday[2:5]
