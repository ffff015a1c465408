from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from include.config.campaign import Campaign, load_campaign
from include.config.files import CAMPAIGN
from include.orchestration.campaign_calendar import calendar, days


@pytest.fixture
def campaign() -> Campaign:
    return load_campaign()


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 2, day, hour, minute, tzinfo=UTC)


def test_the_documents_days_and_checks_are_in_the_calendar(campaign: Campaign) -> None:
    assert days(campaign) == [date(2026, 2, day) for day in range(23, 28)]
    standups = [entry.at for entry in calendar(campaign) if entry.what == "Morning standup"]
    assert standups == [at(day, 10) for day in range(23, 28)]


def test_the_revalidation_day_is_the_documents_timeline(campaign: Campaign) -> None:
    friday = [(entry.at, entry.owner) for entry in calendar(campaign) if entry.at >= at(27, 14)]
    assert (at(27, 14), "ml") in friday
    assert [(at(27, 16), "ml"), (at(27, 16, 15), "swe"), (at(27, 16, 30), "cto")] == friday[2:5]
    assert (at(27, 10), "Pre-revalidation checklist") in [(entry.at, entry.what) for entry in calendar(campaign)]


def test_a_check_may_have_a_time_of_day_instead_of_an_hour(tmp_path: Path) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_text(CAMPAIGN.read_text(encoding="utf-8").replace("  14: conv", '  "10:04": conv'), encoding="utf-8")
    campaign = load_campaign(file)
    found = [campaign.check_at(datetime(2026, 2, 23, 10, minute, tzinfo=UTC)) for minute in (3, 4)]
    assert found == ["standup", "convergence"]
