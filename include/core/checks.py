"""The one verdict type, for data checks, feature checks, training alerts and risk gates."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Severity(StrEnum):
    """What a failed check means: `critical` stops the chain, the others only speak."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class CheckResult(BaseModel):
    """One verdict.

    Parameters
    ----------
    name : str
        Stable snake_case name, the key of its runbook section.
    passed : bool
        The verdict. A check on an undefined value has not passed.
    observed : float, int, str or None
        What was seen; None when it cannot be known, and then `message` says why.
    limit : float, int, str or None
        What was demanded, None when the check has no single limit.
    message : str
        One sentence for people, with the values in it.
    severity : Severity
        What a failure means.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    passed: bool
    observed: float | int | str | None = None
    limit: float | int | str | None = None
    message: str = ""
    severity: Severity = Severity.CRITICAL


class CheckReport(BaseModel):
    """The verdicts of one run of one subject, in the order they were made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    results: tuple[CheckResult, ...] = ()

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """Failed checks, most severe first."""
        order = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
        return tuple(sorted((r for r in self.results if not r.passed), key=lambda r: order[r.severity]))

    @property
    def passed(self) -> bool:
        """True when no critical check failed."""
        return not any(r.severity is Severity.CRITICAL for r in self.failures)

    def merge(self, other: "CheckReport") -> "CheckReport":
        """Return this report with the results of `other` after its own."""
        return self.model_copy(update={"results": (*self.results, *other.results)})
