"""How a check says what it found.

A check that an environment offers nothing for is not applicable: it has not passed, and it is no failure.
"""

from typing import Literal

from include.core.checks import CheckResult, Severity

Number = float | int | str | None


class NotApplicableError(Exception):
    """The environment does not offer what a check needs; the text says what is missing."""


class BrokenError(Exception):
    """The environment raised before a check could begin."""


def verdict(name: str, passed: bool, message: str, observed: Number = None, limit: Number = None) -> CheckResult:
    """Return a verdict that counts."""
    return CheckResult(name=name, passed=passed, observed=observed, limit=limit, message=message)


def not_applicable(name: str, reason: str) -> CheckResult:
    """Return the verdict that there was nothing to judge."""
    return CheckResult(name=name, passed=False, message=f"not applicable: {reason}", severity=Severity.INFO)


def word(result: CheckResult) -> Literal["pass", "FAIL", "n/a"]:
    """Return a verdict of this module as one word."""
    if result.passed:
        return "pass"
    return "n/a" if result.severity is Severity.INFO else "FAIL"
