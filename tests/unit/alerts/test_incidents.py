from datetime import UTC, datetime, timedelta

import pytest

from include.alerts.incidents import NOTHING_BEFORE, Incident, Standing, observe
from include.alerts.outbox import Outbox
from include.config.settings import Settings
from include.core.checks import CheckReport, CheckResult, Severity

TEN = datetime(2026, 2, 23, 10, tzinfo=UTC)
KL = "kl_divergence"


@pytest.fixture
def outbox(settings: Settings) -> Outbox:
    return Outbox(settings.home.alerts)


def report(severity: Severity | None, name: str = KL, subject: str = "training r") -> CheckReport:
    """Return the report of a check that failed with `severity`, or passed with None."""
    result = CheckResult(name=name, passed=severity is None, severity=severity or Severity.CRITICAL)
    return CheckReport(subject=subject, results=(result,))


def test_an_alert_is_new_once_and_then_stands_since_it_was_first_told(outbox: Outbox) -> None:
    assert observe(outbox, report(Severity.WARNING), "a", TEN) == NOTHING_BEFORE
    for number, key in enumerate(("b", "c"), start=1):
        found = observe(outbox, report(Severity.WARNING), key, TEN + timedelta(hours=4 * number))
        assert found == Standing({KL: Incident(KL, TEN, number)}, ())


def test_it_is_resolved_once_and_new_when_it_comes_back(outbox: Outbox) -> None:
    observe(outbox, report(Severity.WARNING), "a", TEN)
    assert observe(outbox, report(None), "b", TEN) == Standing({}, (Incident(KL, TEN, 1),))
    assert observe(outbox, report(None), "c", TEN) == NOTHING_BEFORE
    later = TEN + timedelta(days=1)
    assert observe(outbox, report(Severity.WARNING), "d", later) == NOTHING_BEFORE
    assert observe(outbox, report(Severity.WARNING), "e", later).open[KL].opened_at == later


def test_it_comes_back_at_once_as_a_new_one(outbox: Outbox) -> None:
    observe(outbox, report(Severity.WARNING), "a", TEN)
    observe(outbox, report(None), "b", TEN)
    assert observe(outbox, report(Severity.WARNING), "c", TEN) == NOTHING_BEFORE


@pytest.mark.parametrize("second", [Severity.WARNING, None])
def test_the_same_message_composed_again_finds_the_same(outbox: Outbox, second: Severity | None) -> None:
    steps = [("a", Severity.WARNING), ("b", second)]
    for key, severity in steps:
        first, again = (observe(outbox, report(severity), key, TEN) for _ in range(2))
        assert first == again
    assert first != NOTHING_BEFORE


def test_what_became_worse_is_told_in_full_and_stands_since_the_beginning(outbox: Outbox) -> None:
    observe(outbox, report(Severity.WARNING), "a", TEN)
    assert observe(outbox, report(Severity.CRITICAL), "b", TEN) == NOTHING_BEFORE
    assert observe(outbox, report(Severity.WARNING), "c", TEN + timedelta(hours=1)).open[KL] == Incident(KL, TEN, 2)


def test_a_check_that_was_not_made_resolves_nothing(outbox: Outbox) -> None:
    observe(outbox, report(Severity.WARNING), "a", TEN)
    assert observe(outbox, report(None, name="other"), "b", TEN) == NOTHING_BEFORE
    assert observe(outbox, report(Severity.WARNING), "c", TEN).open[KL].told == 1


def test_what_is_only_information_is_no_incident(outbox: Outbox) -> None:
    observe(outbox, report(Severity.INFO), "a", TEN)
    assert observe(outbox, report(Severity.WARNING), "b", TEN) == NOTHING_BEFORE


def test_another_run_has_incidents_of_its_own(outbox: Outbox) -> None:
    observe(outbox, report(Severity.WARNING), "a", TEN)
    assert observe(outbox, report(Severity.WARNING, subject="training s"), "b", TEN) == NOTHING_BEFORE
