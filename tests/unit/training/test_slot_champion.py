"""The champion in the checks of the day: its age by market time, a warning before it expires, an alert after."""

from datetime import UTC, datetime, timedelta

import pytest

from include.config.settings import Settings
from include.config.system import load_system
from include.core.checks import Severity
from include.core.errors import TransientError
from include.core.files import write_json, write_text
from include.training.champion import Champion
from include.training.slot_champion import Standing, champion_standing
from tests.unit.training.builders import champion_record

PHASE4 = load_system("phase4")
TESTED_UNTIL, EXPIRES = datetime(2026, 2, 20, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC)


def silent(_: Champion) -> None:
    """No comparison was made."""


def at(settings: Settings, market_now: datetime) -> Standing:
    write_json(
        settings.home.champion("phase4"),
        champion_record(tested_until=TESTED_UNTIL.isoformat(), expires_at=EXPIRES.isoformat()),
    )
    return champion_standing(settings, PHASE4, lambda _: market_now, silent)


def test_without_a_champion_one_line_says_so_and_no_exchange_is_asked(settings: Settings) -> None:
    def unasked(_: Settings) -> datetime:
        raise AssertionError("the exchange was asked")

    assert champion_standing(settings, PHASE4, unasked, silent) == Standing(
        None, ("🏆 Champion: none promoted yet",), ()
    )


@pytest.mark.parametrize(
    ("before_expiry", "passed", "severity"),
    [
        (timedelta(days=28), True, Severity.WARNING),
        (timedelta(days=7, seconds=1), True, Severity.WARNING),
        (timedelta(days=7), False, Severity.WARNING),
        (timedelta(seconds=1), False, Severity.WARNING),
        (timedelta(), False, Severity.CRITICAL),
        (timedelta(days=-3), False, Severity.CRITICAL),
    ],
)
def test_it_warns_a_week_before_and_is_critical_from_the_expiry_on(
    settings: Settings, before_expiry: timedelta, passed: bool, severity: Severity
) -> None:
    (result,) = at(settings, EXPIRES - before_expiry).results
    assert (result.name, result.passed, result.severity) == ("champion_expiry", passed, severity)
    assert ("docs/runbook.md#champion_expiry" in result.message) is not passed


def test_age_and_expiry_are_counted_in_days_of_market_time(settings: Settings) -> None:
    fresh = at(settings, TESTED_UNTIL + timedelta(days=12, hours=12))
    assert fresh.lines == (
        "🏆 Champion: phase4-abc, GO, approved by ada at 2026-02-20 09:00 UTC",
        "⏳ Model age: 12.5 days since the end of its test window; it expires 2026-03-20 00:00 UTC, in 15.5 days",
    )
    expired = at(settings, EXPIRES + timedelta(days=3))
    assert expired.lines[1].endswith("it expired 2026-03-20 00:00 UTC, 3.0 days ago")
    assert expired.results[0].observed == -3.0


def test_an_exchange_that_does_not_answer_leaves_the_age_unknown_and_says_so(settings: Settings) -> None:
    at(settings, TESTED_UNTIL)

    def away(_: Settings) -> datetime:
        raise TransientError("binanceusdm does not answer.")

    standing = champion_standing(settings, PHASE4, away, silent)
    assert standing.lines[1] == "⏳ Model age: not known yet, expires 2026-03-20 00:00 UTC"
    (result,) = standing.results
    assert (result.passed, result.observed, result.severity) == (False, None, Severity.WARNING)
    assert "binanceusdm does not answer" in result.message


def test_a_clock_before_the_test_window_gives_no_age(settings: Settings) -> None:
    standing = at(settings, TESTED_UNTIL - timedelta(hours=4))
    assert "not known yet" in standing.lines[1]
    assert "before the end of the champion's test window" in standing.results[0].message


def test_a_damaged_record_is_told_and_does_not_end_the_check(settings: Settings) -> None:
    write_text(settings.home.champion("phase4"), "{")
    standing = champion_standing(settings, PHASE4, lambda _: EXPIRES, silent)
    assert standing.champion is None
    assert "JSON" in standing.lines[0]
    assert not standing.results[0].passed


def test_what_the_newest_comparison_advises_stands_below_the_age(settings: Settings) -> None:
    at(settings, TESTED_UNTIL)
    standing = champion_standing(settings, PHASE4, lambda _: EXPIRES, lambda champion: f"of {champion.run_id}")
    assert standing.lines[2:] == ("of phase4-abc",)
