"""What is told on a revalidation day after the run: the decision report, the review of the verdict, the escalation.

Each is a check like the day's four: verdicts and lines, free of any channel. The morning's checklist is in
`include/training/pre_revalidation.py`.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from include.config.campaign import Campaign
from include.config.settings import Settings
from include.config.system import GateConfig, SystemConfig, load_system, stored_system
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.clock import format_utc
from include.core.errors import PerpetuaError
from include.core.files import read_json
from include.core.slots import REVALIDATION_TITLES
from include.evaluation.decision import Decision, decide
from include.reporting.decision_bundle import SYSTEM_FILE, Approval, judged_at, read_approvals
from include.reporting.retraining import retraining
from include.reporting.tables import aligned
from include.reporting.verdict import GateRow, RevalidationResult, all_results
from include.reporting.verify import Verification, verify
from include.reporting.words import MEANINGS, UNDEFINED, evidence_sentence, limit_text, metric_text, null_sentence
from include.training.remedies import remedy
from include.training.slot_lines import BAD, OK, hours_since
from include.training.slots import SlotReport
from include.training.verdicts import verdict

MISSING, DIFFERS, UNANSWERED = "revalidation_missing", "verdict_differs", "verdict_unanswered"
_TABLE = ("Gate", "Minimum", "Phase3 Random", "Expected", "Observed", "Status")


class Judged(NamedTuple):
    """A verdict of the revalidation day, when it was come to, and what was answered on it since."""

    result: RevalidationResult
    at: datetime
    answer: Approval | None


def newest_judged(settings: Settings, due: datetime | None) -> Judged | None:
    """Return the newest verdict on the deployment's system since `due` (None: at all), None without one."""
    found = []
    for result in all_results(settings.home):
        folder = settings.home.revalidation(result.id)
        at = judged_at(folder, result)
        if result.system == settings.system and (due is None or at >= due):
            given = (one for one in read_approvals(folder) if one.answer != "expired")  # silence is no answer
            answers = [one for one in given if due is None or one.answered_at >= due]
            found.append(Judged(result, at, answers[-1] if answers else None))
    return max(found, key=lambda judged: judged.at, default=None)


def decision_report(settings: Settings, now: datetime, due: datetime | None, link: Callable[[str], str]) -> SlotReport:
    """Return the decision report: the documents' gate table, evidence, decision, who must do what.

    Parameters
    ----------
    settings : Settings
        Names home, system and campaign.
    now : datetime
        Wall clock, UTC.
    due : datetime or None
        When the revalidation fired; an older verdict does not count. None: any counts.
    link : callable
        Address of a revalidation's report by its id.
    """
    judged = newest_judged(settings, due)
    if judged is None:
        return _missing("decision-report", settings, now, due)
    campaign, system = settings.campaign, load_system(settings.system)
    meaning = MEANINGS[judged.result.decision]
    lines = [
        f"DATE: {now:%d %b %Y}".upper(),
        f"TIME: {now:%H:%M} UTC",
        f"RESPONSIBLE: {campaign.owners['ml']}",
        "",
        *gate_lines(judged.result, system),
        "",
        f"DECISION: {judged.result.decision}. {meaning.summary}",
        f"EVIDENCE: {evidence_sentence(judged.result)}",
        null_sentence(judged.result),
        "",
        "WHO MUST DO WHAT:",
        *(f"- {line}" for line in _duties(judged, campaign)),
        "",
        f"REPORT: {link(judged.result.id)}",
    ]
    text = f"{judged.result.decision}, {judged.result.gates_passed} of {len(judged.result.gates.results)} gates"
    found = CheckResult(
        name=MISSING, passed=True, observed=judged.result.decision, message=f"The revalidation has a result: {text}."
    )
    return _report("decision-report", (found,), lines, judged.result.run_id, text)


def gate_lines(result: RevalidationResult, system: SystemConfig) -> list[str]:
    """Return the operating documents' table of the gates, in aligned columns."""
    rows = [_gate_cells(row, system) for row in result.gate_rows]
    count, go = len(rows), system.decision.go
    recorded = [_holds(gate, system.recorded_baseline.get(gate.name)) for gate in result.gate_definitions]
    baseline = f"{sum(recorded)}/{count}" if system.recorded_baseline else UNDEFINED
    wanted = f"{go}-{count}/{count}"
    passed = f"{result.gates_passed}/{count}"
    return aligned([_TABLE, *rows, ("GATES PASSED", wanted, baseline, wanted, passed, result.decision)], words=(0, 5))


def review(settings: Settings, now: datetime, due: datetime | None) -> SlotReport:
    """Return the review: the bundle judged again from its files alone, and what is left for a person to look at."""
    judged = newest_judged(settings, due)
    if judged is None:
        return _missing("review", settings, now, due)
    folder = settings.home.revalidation(judged.result.id)
    try:
        found = verify(folder)
    except PerpetuaError as error:
        failed = verdict(DIFFERS, False, judged.result.id, None, str(error), Severity.CRITICAL)
        return _report("review", (failed,), [f"- {BAD} {error}"], judged.result.run_id, "the bundle is not intact")
    differing = [check.name for check in found.checks.failures]
    message = f"Judged again from {folder}: " + (f"other {', '.join(differing)}." if differing else "the same verdict.")
    result = verdict(DIFFERS, not differing, ", ".join(differing) or "same", None, message, Severity.CRITICAL)
    text = "another verdict was found" if differing else f"{judged.result.decision} found again"
    return _report(
        "review", (result,), _review_lines(settings.campaign, folder, judged, found), judged.result.run_id, text
    )


def escalation(settings: Settings, now: datetime, due: datetime | None) -> SlotReport:
    """Return the escalation; it has failures only where nobody answered or there is no result."""
    judged = newest_judged(settings, due)
    if judged is None:
        return _missing("escalation", settings, now, due)
    owner, decision = settings.campaign.owners["cto"], judged.result.decision
    if judged.answer is not None:
        answer = judged.answer
        text = f"Answered: {answer.answer} by {answer.answered_by} at {format_utc(answer.answered_at)}."
        result = CheckResult(name=UNANSWERED, passed=True, observed=answer.answer, message=text)
        return _report("escalation", (result,), [text], judged.result.run_id, f"{decision} answered")
    if decision == "NO-GO":
        text = f"{decision} asks for no answer; {settings.campaign.owners['ml']}: {MEANINGS[decision].next_step}"
        result = CheckResult(name=UNANSWERED, passed=True, observed=decision, message=text)
        return _report("escalation", (result,), [text], judged.result.run_id, f"{decision} asks for no answer")
    hours = hours_since(judged.at, now)
    expires = judged.at + timedelta(hours=settings.campaign.revalidation.approval_hours)
    text = (
        f"{owner}: the {decision} of run {judged.result.run_id} has waited for your answer for {hours:.1f} h, since "
        f"{format_utc(judged.at)}. At {format_utc(expires)} it expires: that counts as a rejection, and the champion "
        "stays as it is."
    )
    limit = settings.campaign.revalidation.escalation_at
    result = verdict(UNANSWERED, False, round(hours, 2), limit, text, Severity.CRITICAL)
    return _report("escalation", (result,), [text], judged.result.run_id, f"{owner} has not answered the {decision}")


def _report(
    slot: str, results: tuple[CheckResult, ...], lines: list[str], run_id: str | None, headline: str
) -> SlotReport:
    return SlotReport(
        slot=slot,
        title=REVALIDATION_TITLES[slot],
        report=CheckReport(subject=f"{slot} {run_id or ''}".strip(), results=results),
        headline=headline,
        lines=tuple(lines),
        run_id=run_id,
        champion=None,
    )


def _missing(slot: str, settings: Settings, now: datetime, due: datetime | None) -> SlotReport:
    owner = settings.campaign.owners["cto" if slot == "escalation" else "ml"]
    since = f"the revalidation of {format_utc(due)}" if due else "any revalidation"
    late = f", {hours_since(due, now):.1f} h later" if due else ""
    text = f"{owner}: there is no result of {since}{late}. Nobody can decide, and the champion stays as it is."
    result = verdict(MISSING, False, None, None, text, Severity.CRITICAL)
    actions = [f"- {action}" for action in remedy(MISSING).actions]
    return _report(slot, (result,), [f"{BAD} {text}", "", "WHAT TO DO:", *actions], None, "NO RESULT")


def _gate_cells(row: GateRow, system: SystemConfig) -> tuple[str, ...]:
    expected = system.expected_metrics.get(row.name)
    sign = "≥" if row.direction == "at_least" else "≤"
    return (
        row.label,
        limit_text(row),
        metric_text(row.name, system.recorded_baseline.get(row.name)),
        UNDEFINED if expected is None else f"{sign} {metric_text(row.name, expected)}",
        metric_text(row.name, row.observed),
        OK if row.passed else BAD,
    )


def _holds(gate: GateConfig, value: float | None) -> bool:
    if value is None:
        return False
    return value >= gate.limit if gate.direction == "at_least" else value <= gate.limit


def _duties(judged: Judged, campaign: Campaign) -> Iterator[str]:
    ml, swe, cto = (campaign.owners[key] for key in ("ml", "swe", "cto"))
    steps = campaign.revalidation
    expires = judged.at + timedelta(hours=steps.approval_hours)
    ask = f"answer under Required Actions in Airflow by {format_utc(expires)}; silence counts as a rejection"
    live = f"{swe}: live deployment by hand once it is approved, then `campaign sign-off live_deployment`"
    duties: dict[Decision, tuple[str, ...]] = {
        "GO": (f"{cto}: {ask}", live),
        "PARTIAL-GO": (f"{cto}: review it by hand, then {ask}", live, f"{ml}: get a retraining ready{_tuned(judged)}"),
        "NO-GO": (f"{ml}: retrain with tuned hyper-parameters{_tuned(judged)}",),
    }
    yield from duties[judged.result.decision]
    yield f"{swe}: review of metrics and decision logic at {steps.review_at} UTC"


def _tuned(judged: Judged) -> str:
    advised = retraining(judged.result)
    return f", preset {advised.preset} for the worst gate, {advised.gate}" if advised else ""


def _review_lines(campaign: Campaign, folder: Path, judged: Judged, found: Verification) -> list[str]:
    result, system = judged.result, stored_system(read_json(folder / SYSTEM_FILE))
    versions = [f"- Other versions than sealed: {name} {what}" for name, what in found.other_versions.items()]
    doubts = [*result.evidence.reasons, *result.notes]
    return [
        f"RESPONSIBLE: {campaign.owners['swe']}",
        "",
        "JUDGED AGAIN FROM THE BUNDLE:",
        *(f"- {OK if check.passed else BAD} {check.name}: {check.message}" for check in found.checks.results),
        *versions,
        "",
        "FOR A PERSON TO LOOK AT:",
        *([f"- {doubt}" for doubt in doubts] or ["- Nothing speaks against the evidence."]),
        f"- {_logic(result, system)}",
        "- On another machine: copy the bundle there, python -m include verify BUNDLE",
    ]


def _logic(result: RevalidationResult, system: SystemConfig) -> str:
    rule, count = system.decision, len(result.gates.results)
    is_right = decide(result.gates, rule) == result.decision
    return (
        f"{OK if is_right else BAD} Decision logic: {result.gates_passed} of {count} gates passed is {result.decision} "
        f"(GO from {rule.go}, PARTIAL-GO from {rule.partial_go})"
    )
