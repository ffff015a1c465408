import pickle

import pytest
from pydantic import ValidationError

from include.core.checks import CheckReport, CheckResult, Severity

GOOD = CheckResult(name="rows", passed=True, observed=10, limit=1)
WARNED = CheckResult(name="stale", passed=False, severity=Severity.WARNING, message="late")
BROKEN = CheckResult(name="schema", passed=False, severity=Severity.CRITICAL, message="wrong")


def test_a_report_passes_until_a_critical_check_fails() -> None:
    assert CheckReport(subject="x", results=(GOOD, WARNED)).passed
    assert not CheckReport(subject="x", results=(GOOD, BROKEN)).passed


def test_failures_come_most_severe_first() -> None:
    assert CheckReport(subject="x", results=(WARNED, GOOD, BROKEN)).failures == (BROKEN, WARNED)


def test_an_exclusion_stands_between_a_warning_and_a_stop_and_does_not_stop() -> None:
    left_out = CheckResult(name="spike", passed=False, severity=Severity.EXCLUDE, subjects=("A", "B"))
    report = CheckReport(subject="x", results=(WARNED, BROKEN, left_out))
    assert report.failures == (BROKEN, left_out, WARNED)
    assert CheckReport(subject="x", results=(left_out,)).passed


def test_a_report_says_who_is_left_out_and_by_which_checks() -> None:
    first = CheckResult(name="schema", passed=False, severity=Severity.EXCLUDE, subjects=("B", "A"))
    second = CheckResult(name="units", passed=False, severity=Severity.EXCLUDE, subjects=("A",))
    only_named = CheckResult(name="stale", passed=False, severity=Severity.WARNING, subjects=("C",))
    passed = CheckResult(name="fine", passed=True, severity=Severity.EXCLUDE)
    report = CheckReport(subject="x", results=(first, second, only_named, passed))
    assert report.excluded == {"A": ("schema", "units"), "B": ("schema",)}


def test_an_exclusion_of_nobody_is_no_verdict() -> None:
    with pytest.raises(ValidationError, match="`subjects` must name whom the failed check spike leaves out"):
        CheckResult(name="spike", passed=False, severity=Severity.EXCLUDE)


def test_reports_combine_in_order() -> None:
    first, second = CheckReport(subject="a", results=(GOOD,)), CheckReport(subject="b", results=(BROKEN,))
    assert first.merge(second).subject == "a"
    assert first.merge(second).results == (GOOD, BROKEN)


def test_a_verdict_cannot_be_changed_and_survives_a_process_boundary() -> None:
    with pytest.raises(ValidationError):
        GOOD.passed = False  # type: ignore[misc]  # the case under test
    assert pickle.loads(pickle.dumps(BROKEN)) == BROKEN
