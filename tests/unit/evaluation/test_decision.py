import pytest

from include.config.system import load_system
from include.core.checks import CheckReport, CheckResult
from include.evaluation.decision import decide, gates_passed

DECISION = load_system("phase4").decision


def report(passed: int, total: int = 6) -> CheckReport:
    results = tuple(CheckResult(name=f"gate_{i}", passed=i < passed) for i in range(total))
    return CheckReport(subject="gates", results=results)


@pytest.mark.parametrize(
    ("passed", "decision"),
    [
        (6, "GO"),
        (5, "GO"),
        (4, "PARTIAL-GO"),
        (3, "NO-GO"),
        (2, "NO-GO"),
        (1, "NO-GO"),
        (0, "NO-GO"),
    ],
)
def test_the_decision_follows_the_owners_table(passed, decision):
    assert gates_passed(report(passed)) == passed
    assert decide(report(passed), DECISION) == decision


def test_a_report_without_gates_is_no_go():
    assert decide(report(0, total=0), DECISION) == "NO-GO"
