"""The one verdict type, for data checks, feature checks, training alerts and risk gates."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


class Severity(StrEnum):
    """What a failed check means, mildest first.

    `info` and `warning` only speak, `exclude` leaves the check's subjects out and the chain goes on without them,
    `critical` stops the chain.
    """

    INFO = "info"
    WARNING = "warning"
    EXCLUDE = "exclude"
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
    subjects : tuple of str
        Who failed it: `BTC/USDT:USDT` is all of a symbol, `open_interest BTC/USDT:USDT` its rows of one table,
        `macro DGS10` a series. Severity `exclude` leaves them out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    passed: bool
    observed: float | int | str | None = None
    limit: float | int | str | None = None
    message: str = ""
    severity: Severity = Severity.CRITICAL
    subjects: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _exclusion_names_its_subjects(self) -> Self:
        if not self.passed and self.severity is Severity.EXCLUDE and not self.subjects:
            raise ValueError(f"`subjects` must name whom the failed check {self.name} leaves out, was empty.")
        return self


class CheckReport(BaseModel):
    """The verdicts of one run of one subject, in the order they were made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    results: tuple[CheckResult, ...] = ()

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """Failed checks, most severe first."""
        mildest_first = list(Severity)
        failed = (result for result in self.results if not result.passed)
        return tuple(sorted(failed, key=lambda result: -mildest_first.index(result.severity)))

    @property
    def passed(self) -> bool:
        """True when no critical check failed."""
        return not any(r.severity is Severity.CRITICAL for r in self.failures)

    @property
    def excluded(self) -> dict[str, tuple[str, ...]]:
        """Subjects that are left out, and the names of the checks that each of them failed."""
        found: dict[str, tuple[str, ...]] = {}
        for failure in self.failures:
            for subject in failure.subjects if failure.severity is Severity.EXCLUDE else ():
                found[subject] = (*found.get(subject, ()), failure.name)
        return dict(sorted(found.items()))

    def merge(self, other: "CheckReport") -> "CheckReport":
        """Return this report with the results of `other` after its own."""
        return self.model_copy(update={"results": (*self.results, *other.results)})
