"""The owner's decision table: how many gates make a GO."""

from typing import Literal

from include.config.system import DecisionConfig
from include.core.checks import CheckReport

Decision = Literal["GO", "PARTIAL-GO", "NO-GO"]


def gates_passed(report: CheckReport) -> int:
    """Return the number of gates in `report` that passed."""
    return sum(result.passed for result in report.results)


def decide(report: CheckReport, config: DecisionConfig) -> Decision:
    """Return the decision that the number of passed gates means.

    Parameters
    ----------
    report : CheckReport
        Verdicts of `evaluate_gates`.
    config : DecisionConfig
        Gates needed for GO (go live after approval) and PARTIAL-GO (manual review); fewer is NO-GO.
    """
    passed = gates_passed(report)
    if passed >= config.go:
        return "GO"
    return "PARTIAL-GO" if passed >= config.partial_go else "NO-GO"
