"""A checklist's verdict is that of its worst item, and people read every item."""

import pytest

from include.core.checks import CheckResult, Severity
from include.training.checklist import Checklist, Section


def result(name: str, *, passed: bool, severity: Severity = Severity.CRITICAL) -> CheckResult:
    return CheckResult(name=name, passed=passed, message=f"{name}.", severity=severity)


@pytest.mark.parametrize(
    ("failed", "verdict"),
    [
        ((), "READY"),
        ((Severity.INFO,), "READY"),
        ((Severity.INFO, Severity.WARNING), "FIX"),
        ((Severity.WARNING, Severity.CRITICAL), "BLOCKED"),
    ],
)
def test_the_verdict_is_that_of_the_worst_item(failed: tuple[Severity, ...], verdict: str) -> None:
    items = (
        result("fine", passed=True),
        *(result(severity, passed=False, severity=severity) for severity in failed),
    )
    checklist = Checklist("pre-training", "Pre-training checklist", "phase4", (Section("Part", items),))
    assert checklist.verdict == verdict
    assert [blocker.name for blocker in checklist.blockers] == (["critical"] if verdict == "BLOCKED" else [])


def test_people_read_every_item_under_its_heading_and_the_verdict_last() -> None:
    one = Section("Infrastructure", (result("disk", passed=True), result("memory", passed=False)))
    two = Section("Baseline", (result("random", passed=False, severity=Severity.WARNING),))
    report = Checklist("pre-training", "Pre-training checklist", "phase4", (one, two)).slot_report
    assert report.title == "Pre-training checklist of phase4: BLOCKED"
    assert report.lines == (
        "INFRASTRUCTURE:",
        "- ✅ disk.",
        "- ❌ memory.",
        "",
        "BASELINE:",
        "- ⚠️ random.",
        "",
        "STATUS: ❌ BLOCKED",
    )
