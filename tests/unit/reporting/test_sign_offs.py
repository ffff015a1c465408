from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from include.config.campaign import load_campaign
from include.config.settings import Settings
from include.core.errors import IntegrityError, InvalidInputError
from include.core.paths import Home
from include.reporting.sign_offs import SignOff, sign_off, sign_off_table, sign_offs

NOW = datetime(2026, 2, 23, 10, 0, tzinfo=UTC)
CAMPAIGN = "Phase 4"


@pytest.fixture
def home(settings: Settings) -> Home:
    return settings.home


def signed(home: Home, phase: str = "pre_training", status: str = "done", note: str = "READY") -> SignOff:
    return sign_off(home, phase, status, "ada", note, NOW, campaign=CAMPAIGN)


def test_the_table_of_a_new_campaign_is_the_documents_with_every_box_open(home: Home) -> None:
    rows = sign_off_table(home, load_campaign())
    assert [(row["Phase"], row["Responsible"], row["Status"]) for row in rows] == [
        ("Pre-Training Setup", "ML Engineer", "☐ open"),
        ("Daily Monitoring", "ML Engineer", "☐ open"),
        ("Revalidation Execution", "ML Engineer", "☐ open"),
        ("CTO Decision", "CTO", "☐ open"),
        ("Live Deployment (if GO)", "SWE lead", "☐ open"),
    ]


def test_the_newest_answer_of_a_phase_stands_and_the_earlier_ones_are_kept(home: Home) -> None:
    signed(home, status="refused", note="BLOCKED: no data")
    signed(home, note="READY")
    assert sign_off_table(home, load_campaign())[0] == {
        "Phase": "Pre-Training Setup", "Responsible": "ML Engineer", "Status": "☑ done",
        "Date": "2026-02-23 10:00 UTC", "Notes": "ada: READY",
    }  # fmt: skip
    assert [one.status for one in sign_offs(home, CAMPAIGN)] == ["refused", "done"]


def test_the_same_answer_given_later_has_the_later_date(home: Home) -> None:
    signed(home)
    sign_off(home, "pre_training", "done", "ada", "READY", NOW.replace(hour=11), campaign=CAMPAIGN)
    assert sign_off_table(home, load_campaign())[0]["Date"] == "2026-02-23 11:00 UTC"


def test_each_campaign_has_its_own(home: Home) -> None:
    signed(home)
    assert sign_offs(home, "Phase 5") == []


def test_a_line_that_a_crash_left_half_written_does_not_count_and_is_cut_off(home: Home) -> None:
    signed(home)
    file = home.sign_offs(CAMPAIGN)
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:40])
    assert len(sign_offs(home, CAMPAIGN)) == 1
    signed(home, phase="cto_decision")
    assert [one.phase for one in sign_offs(home, CAMPAIGN)] == ["pre_training", "cto_decision"]
    assert file.read_bytes().startswith(whole)


def test_writers_at_the_same_time_lose_no_line(home: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: signed(home, note=f"READY {number}"), range(40)))
    assert {one.note for one in sign_offs(home, CAMPAIGN)} == {f"READY {number}" for number in range(40)}


def test_a_damaged_line_is_named(home: Home) -> None:
    signed(home)
    file = home.sign_offs(CAMPAIGN)
    file.write_text('{"phase": "pre_training"}\n' + file.read_text())
    with pytest.raises(IntegrityError, match="line 1 is not a sign-off"):
        sign_offs(home, CAMPAIGN)


@pytest.mark.parametrize(
    ("phase", "status", "by", "rule"),
    [
        ("deployment", "done", "ada", "`phase` must be one of pre_training, .*, was 'deployment'"),
        ("pre_training", "ok", "ada", "`status` must be one of open, done, refused, was 'ok'"),
        ("pre_training", "done", " ", "`signed_by` must name who signs, was ' '"),
    ],
)
def test_a_sign_off_without_sense_is_refused_and_nothing_is_written(home: Home, phase, status, by, rule) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        sign_off(home, phase, status, by, "", NOW, campaign=CAMPAIGN)
    assert not home.sign_offs(CAMPAIGN).exists()
