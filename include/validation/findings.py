"""What a check over series finds, and how every such check tells it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from include.core.checks import CheckResult, Severity
from include.validation.candle_series import CandleSeries

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: whose it is (as in `CheckResult.subjects`), what it is in words, how many records it covers."""

    subject: str
    text: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class SeriesCheck:
    """A check that looks at the candles of one symbol after the other.

    Parameters
    ----------
    name : str
        Name of its verdict.
    find : callable
        Takes every series of a symbol and returns what it finds in the judged candles, in order.
    what : str
        What is wrong, said before the number of records found, such as ``Closes jump``.
    none : str
        The sentence where nothing is found.
    severity : Severity
        What findings mean.
    limit : float or str
        What is demanded.
    """

    name: str
    find: Callable[[Sequence[CandleSeries]], list[Finding]]
    what: str
    none: str
    severity: Severity
    limit: float | str = 0

    def verdict(self, findings: Sequence[Finding]) -> CheckResult:
        """Return the verdict that there are no findings; the first of them are told."""
        return verdict_of(self.name, findings, what=self.what, none=self.none, severity=self.severity, limit=self.limit)


def verdict_of(
    name: str,
    findings: Sequence[Finding],
    *,
    what: str,
    none: str,
    severity: Severity,
    limit: float | str | None = None,
) -> CheckResult:
    """Return the verdict that there are no findings; the arguments are those of `SeriesCheck`."""
    count = sum(finding.count for finding in findings)
    more = f"; and {len(findings) - SHOWN} more" if len(findings) > SHOWN else ""
    told = "; ".join(finding.text for finding in findings[:SHOWN])
    return CheckResult(
        name=name,
        passed=not findings,
        observed=count,
        limit=limit,
        message=f"{what} ({count:,}): {told}{more}." if findings else none,
        severity=severity,
        subjects=tuple(sorted({finding.subject for finding in findings})),
    )
