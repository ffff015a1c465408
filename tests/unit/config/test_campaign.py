from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.config.campaign import load_campaign
from include.config.files import CAMPAIGN
from include.core.errors import ConfigurationError


def test_the_campaign_checks_at_10_14_18_and_22() -> None:
    campaign = load_campaign()
    assert campaign.check_slots == {10: "standup", 14: "convergence", 18: "snapshot", 22: "checkpoints"}
    assert campaign.schedules["training_checks"] == "0 10,14,18,22 * * *"
    assert campaign.schedules["revalidate_model"] == "0 14 * * 5"


def test_the_recorded_campaign_ran_from_monday_to_friday() -> None:
    campaign = load_campaign()
    assert campaign.start == datetime(2026, 2, 23, 10, tzinfo=UTC)
    assert campaign.end.weekday() == 4


def test_fixed_times_are_a_list(tmp_path: Path) -> None:
    shipped = CAMPAIGN.read_text(encoding="utf-8")
    file = tmp_path / "campaign.yaml"
    file.write_text(shipped.replace('"0 14 * * 5"', "[2026-02-27T14:00:00Z]"), encoding="utf-8")
    assert load_campaign(file).schedules["revalidate_model"] == (datetime(2026, 2, 27, 14, tzinfo=UTC),)


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_text("colour: blue\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="`colour` extra inputs are not permitted"):
        load_campaign(file)


@pytest.mark.parametrize(
    ("was", "becomes", "named"),
    [
        ("training_checks:", "training_check:", "schedules"),
        ("  10: standup", "  99: standup", "check_slots"),
        ('report_due: "16:00"', 'report_due: "never"', "report_due"),
        ('"0 14 * * 5"', "[]", "revalidate_model"),
        ('review_at: "16:15"', 'review_at: "16:45"', "must follow each other, were 10:00, 16:00, 16:45, 16:30"),
        ("approval_hours: 24", "approval_hours: 0", "approval_hours"),
    ],
)
def test_a_mistake_in_the_campaign_is_named(tmp_path: Path, was: str, becomes: str, named: str) -> None:
    shipped = CAMPAIGN.read_text(encoding="utf-8")
    assert was in shipped
    file = tmp_path / "campaign.yaml"
    file.write_text(shipped.replace(was, becomes, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=named):
        load_campaign(file)
