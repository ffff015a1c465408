"""How a training check turns into a `CheckResult`; `watch.py` explains the three outcomes."""

from include.core.checks import CheckResult, Severity
from include.training.remedies import remedy


def verdict(
    name: str,
    passed: bool,
    observed: float | int | str | None,
    limit: float | int | str | None,
    message: str,
    severity: Severity,
) -> CheckResult:
    """Return the result of a check on a known value; a failure carries its causes and remedies."""
    text = message if passed else f"{message} {remedy(name).text}"
    return CheckResult(name=name, passed=passed, observed=observed, limit=limit, message=text, severity=severity)


def not_yet(name: str, reason: str) -> CheckResult:
    """Return a passed result without a value: there is not enough data, or nothing to judge."""
    return CheckResult(name=name, passed=True, message=f"Not judged: {reason}.", severity=Severity.INFO)


def undefined(name: str, reason: str) -> CheckResult:
    """Return a failed result for a value that should exist and does not."""
    message = f"Undefined: {reason}. {remedy(name).text}"
    return CheckResult(name=name, passed=False, message=message, severity=Severity.WARNING)
