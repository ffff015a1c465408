from datetime import UTC, date, datetime

import pytest

from include.config.settings import Settings
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.paths import Home
from include.reporting.check_log import PostedCheck, check_days, checks_of, keep_check

MORNING = datetime(2026, 2, 23, 10, 0, 4, tzinfo=UTC)


def posted(
    slot: str = "standup",
    at: datetime = MORNING,
    *severities: Severity,
    lines: tuple[str, ...] = ("all is well",),
) -> PostedCheck:
    results = tuple(CheckResult(name=f"check_{s}", passed=False, severity=s, subjects=("BTC",)) for s in severities)
    report = CheckReport(subject="training", results=results)
    return PostedCheck(slot=slot, title="Morning standup", at=at, report=report, lines=lines, run_id="run-1")


def test_a_check_is_read_back_as_it_was_kept(settings: Settings) -> None:
    file = keep_check(settings.home, posted())
    assert file == settings.home.checks / "2026-02-23" / "standup.json"
    assert checks_of(settings.home, date(2026, 2, 23)) == ([posted()], [])


def test_the_newest_check_of_a_slot_takes_the_place_of_the_one_before(settings: Settings) -> None:
    keep_check(settings.home, posted(lines=("first",)))
    keep_check(settings.home, posted(at=MORNING.replace(minute=5), lines=("second",)))
    (only,), _ = checks_of(settings.home, date(2026, 2, 23))
    assert only.lines == ("second",)


def test_checks_of_a_day_come_in_order_of_time_and_days_newest_first(settings: Settings) -> None:
    keep_check(settings.home, posted("snapshot", MORNING.replace(hour=18)))
    keep_check(settings.home, posted("convergence", MORNING.replace(hour=14)))
    keep_check(settings.home, posted("standup", MORNING.replace(day=24)))
    assert check_days(settings.home) == [date(2026, 2, 24), date(2026, 2, 23)]
    found, _ = checks_of(settings.home, date(2026, 2, 23))
    assert [check.slot for check in found] == ["convergence", "snapshot"]


def test_a_damaged_file_is_named_and_hides_no_other(settings: Settings) -> None:
    keep_check(settings.home, posted())
    (settings.home.checks / "2026-02-23" / "convergence.json").write_text('{"slot": 1}', encoding="utf-8")
    (settings.home.checks / "2026-02-23" / "snapshot.json").write_bytes(b"\xff\xfe{")
    found, damaged = checks_of(settings.home, date(2026, 2, 23))
    assert ([check.slot for check in found], damaged) == (["standup"], ["convergence.json", "snapshot.json"])


def test_a_file_in_the_making_and_a_folder_that_is_no_day_are_passed_over(settings: Settings) -> None:
    for name in ("2026-02-23/.standup.7.tmp.json", "20260223/standup.json", "notes/standup.json"):
        (settings.home.checks / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.home.checks / name).write_text("{}", encoding="utf-8")
    assert check_days(settings.home) == []
    assert checks_of(settings.home, date(2026, 2, 23)) == ([], [])


def test_an_empty_home_has_no_days(settings: Settings) -> None:
    assert check_days(Home(settings.home.root / "nowhere")) == []


@pytest.mark.parametrize(
    ("severities", "status"),
    [
        ((), "OK"),
        ((Severity.INFO,), "OK"),
        ((Severity.WARNING, Severity.INFO), "WARNING"),
        ((Severity.EXCLUDE,), "WARNING"),
        ((Severity.WARNING, Severity.CRITICAL), "CRITICAL"),
    ],
)
def test_the_status_is_that_of_the_most_severe_failure(severities: tuple[Severity, ...], status: str) -> None:
    assert posted("standup", MORNING, *severities).status == status
