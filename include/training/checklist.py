"""A checklist of the operating documents: sections of items, and how it ends.

It ends READY, FIX (go on, but see to it) or BLOCKED (what is about to start would be impossible or wrong).
"""

from typing import Literal, NamedTuple

from include.core.checks import CheckReport, CheckResult, Severity
from include.training.slot_lines import BAD, OK, WARN
from include.training.slots import SlotReport

Verdict = Literal["READY", "FIX", "BLOCKED"]
MARKS: dict[Verdict, str] = {"READY": OK, "FIX": WARN, "BLOCKED": BAD}


class Section(NamedTuple):
    """One part of a checklist."""

    title: str
    results: tuple[CheckResult, ...]


class Checklist(NamedTuple):
    """A checklist as it stands.

    Attributes
    ----------
    slot, title, subject : str
        Which checklist, its name for people, and what it was worked through for.
    sections : tuple of Section
        Its items.
    run_id : str or None
        The run it is about.
    """

    slot: str
    title: str
    subject: str
    sections: tuple[Section, ...]
    run_id: str | None = None

    @property
    def report(self) -> CheckReport:
        """All items."""
        results = tuple(result for section in self.sections for result in section.results)
        return CheckReport(subject=f"{self.slot} {self.subject}", results=results)

    @property
    def verdict(self) -> Verdict:
        """How it ends."""
        return verdict_of(self.report)

    @property
    def blockers(self) -> tuple[CheckResult, ...]:
        """The items that block."""
        return tuple(result for result in self.report.failures if result.severity is Severity.CRITICAL)

    @property
    def headline(self) -> str:
        """How many items are as they should be."""
        results = self.report.results
        good = sum(result.passed or result.severity is Severity.INFO for result in results)
        return f"{MARKS[self.verdict]} {self.verdict}, {good} of {len(results)} items as they should be"

    @property
    def slot_report(self) -> SlotReport:
        """The checklist as people read it."""
        lines = [line for section in self.sections for line in _lines(section)]
        return SlotReport(
            slot=self.slot,
            title=f"{self.title} of {self.subject}: {self.verdict}",
            report=self.report,
            headline=self.headline,
            lines=(*lines, f"STATUS: {MARKS[self.verdict]} {self.verdict}"),
            run_id=self.run_id,
            champion=None,
        )


def verdict_of(report: CheckReport) -> Verdict:
    """Return how a checklist ends: BLOCKED on a critical failure, FIX on a warning, else READY."""
    if not report.passed:
        return "BLOCKED"
    has_warnings = any(failure.severity is Severity.WARNING for failure in report.failures)
    return "FIX" if has_warnings else "READY"


def summary_of(report: CheckReport) -> str:
    """Return how a checklist ends and which items are not as they should be: the note of its sign-off."""
    failed = [failure.name for failure in report.failures if failure.severity is not Severity.INFO]
    return f"{verdict_of(report)}, {report.subject}" + (f": {', '.join(failed)}" if failed else "")


def _lines(section: Section) -> list[str]:
    return [f"{section.title.upper()}:", *(f"- {_mark(result)} {result.message}" for result in section.results), ""]


def _mark(result: CheckResult) -> str:
    if result.passed or result.severity is Severity.INFO:
        return OK
    return BAD if result.severity is Severity.CRITICAL else WARN
