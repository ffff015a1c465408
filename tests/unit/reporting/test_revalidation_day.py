"""Decision report, review and escalation: on a real verdict, on hand-made ones, and where there is no result."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.config.settings import Settings
from include.config.system import load_system
from include.core.checks import CheckReport, CheckResult
from include.core.clock import wall_now
from include.reporting.decision_bundle import Approval, bundle_sha256, note_judged, seal_bundle, write_approval
from include.reporting.revalidate import revalidate
from include.reporting.revalidation import write_report
from include.reporting.revalidation_day import decision_report, escalation, gate_lines, newest_judged, review
from include.reporting.verdict import RESULT_FILE, RevalidationResult
from tests.support.documents import document, needs_documents, table
from tests.unit.reporting.results import result_of

DUE = datetime(2026, 2, 27, 14, tzinfo=UTC)
NOW = datetime(2026, 2, 27, 16, 30, tzinfo=UTC)


def link(identity: str) -> str:
    return f"http://desk.example/{identity}"


def judged(settings: Settings, at: datetime | None = None, **changes: object) -> RevalidationResult:
    """Write a hand-made verdict; `at` is when it was come to once more."""
    result = result_of(**changes)
    folder = settings.home.revalidation(result.id)
    write_report(result, folder)
    seal_bundle(folder, result.id, result.created_at)
    if at is not None:
        note_judged(folder, at)
    return result


def answered(settings: Settings, result: RevalidationResult, answer: str, at: datetime) -> None:
    folder = settings.home.revalidation(result.id)
    given = Approval(bundle_sha256=bundle_sha256(folder), answer=answer, answered_by="carol", answered_at=at)
    write_approval(folder, given)


@pytest.fixture(scope="module")
def real(trained: tuple[Settings, Path]) -> tuple[Settings, RevalidationResult]:
    settings, run_folder = trained
    return settings, revalidate(settings, run_folder)


def test_the_report_says_what_was_decided_and_who_must_do_what(settings: Settings) -> None:
    result = judged(settings)
    report = decision_report(settings, NOW, DUE, link)
    text = "\n".join(report.lines)
    assert (report.run_id, report.headline) == (result.run_id, "PARTIAL-GO, 2 of 3 gates")
    assert report.report.passed
    for part in (
        "DATE: 27 FEB 2026",
        "TIME: 16:30 UTC",
        "RESPONSIBLE: ML Engineer",
        "DECISION: PARTIAL-GO.",
        "EVIDENCE: The evidence is",
        "- CTO: review it by hand, then answer under Required Actions in Airflow by 2026-02-28 14:05 UTC",
        "- SWE lead: live deployment by hand once it is approved",
        f"REPORT: http://desk.example/{result.id}",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("decision", "duty", "absent"),
    [
        ("GO", "- CTO: answer under Required Actions", "ML Engineer: retrain"),
        ("NO-GO", "- ML Engineer: retrain with tuned hyper-parameters", "CTO"),
    ],
)
def test_duties_follow_the_decision(settings: Settings, decision: str, duty: str, absent: str) -> None:
    judged(settings, decision=decision)
    duties = [line for line in decision_report(settings, NOW, DUE, link).lines if line.startswith("- ")]
    assert any(line.startswith(duty) for line in duties)
    assert not any(absent in line for line in duties)


@needs_documents
def test_the_gate_table_is_the_documents(settings: Settings) -> None:
    rows = table(document("phase4_operations_checklist"), "### 6 Risk Gates Validation")
    system = load_system("phase4")
    verdicts = CheckReport(
        subject="gates", results=tuple(CheckResult(name=gate.name, passed=True) for gate in system.gates)
    )
    shown = gate_lines(_whole(result_of(gates=verdicts, gate_definitions=system.gates)), system)
    cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in shown[1:]]
    assert len(cells) == len(rows) == 7
    for theirs, ours in zip(rows[:6], cells, strict=False):
        assert _number(ours[1]) == _number(theirs["Minimum"])
        assert _number(ours[2]) == _number(theirs["Phase3 Random"])
        assert _number(ours[3]) == _number(theirs["Expected (trained)"])
        assert ours[1][0] == theirs["Minimum"][0]
    assert cells[6][:4] == ["GATES PASSED", "5-6/6", "2/6", "5-6/6"]
    assert (rows[6]["Minimum"], rows[6]["Phase3 Random"]) == ("**5-6/6**", "**2/6**")


def _whole(result: RevalidationResult) -> RevalidationResult:
    evidence = result.evidence
    bounds, luck = (evidence.bounds * 6)[:6], (evidence.luck * 6)[:6]
    return result.model_copy(update={"evidence": evidence.model_copy(update={"bounds": bounds, "luck": luck})})


def _number(text: str) -> float:
    value = float(text.strip("*≥≤<>+ %").replace(",", ""))
    return round(value / 100 if "%" in text else value, 6)


def test_a_verdict_from_before_the_fixed_time_is_no_result_of_it(settings: Settings) -> None:
    judged(settings, created_at=DUE - timedelta(days=7))
    for step in (decision_report(settings, NOW, DUE, link), review(settings, NOW, DUE), escalation(settings, NOW, DUE)):
        assert not step.report.passed
        assert step.headline == "NO RESULT"
        assert "there is no result of the revalidation of 2026-02-27 14:00 UTC, 2.5 h later" in step.lines[0]
    assert newest_judged(settings, None) is not None


def test_the_same_verdict_come_to_again_is_a_result(settings: Settings) -> None:
    judged(settings, DUE + timedelta(minutes=20), created_at=DUE - timedelta(days=7))
    found = newest_judged(settings, DUE)
    assert found is not None
    assert found.at == DUE + timedelta(minutes=20)


def test_a_verdict_of_another_system_is_not_this_ones(settings: Settings) -> None:
    judged(settings, system="shadow")
    assert newest_judged(settings, DUE) is None


def test_an_unanswered_verdict_is_escalated_with_owner_wait_and_what_expiry_means(settings: Settings) -> None:
    judged(settings, decision="GO")
    (alert,) = escalation(settings, NOW, DUE).report.failures
    assert alert.name == "verdict_unanswered"
    assert "CTO: the GO of run phase4-abc-s42 has waited for your answer for 2.4 h" in alert.message
    assert "At 2026-02-28 14:05 UTC it expires: that counts as a rejection, and the champion stays" in alert.message
    assert "Actions:" in alert.message


@pytest.mark.parametrize("answer", ["approve", "retrain", "reject"])
def test_an_answered_verdict_is_not_escalated(settings: Settings, answer: str) -> None:
    answered(settings, judged(settings), answer, NOW - timedelta(minutes=10))
    report = escalation(settings, NOW, DUE)
    assert report.report.failures == ()
    assert report.lines == (f"Answered: {answer} by carol at 2026-02-27 16:20 UTC.",)


def test_an_answer_to_the_week_before_does_not_count(settings: Settings) -> None:
    answered(settings, judged(settings, DUE + timedelta(minutes=5)), "reject", DUE - timedelta(days=6))
    assert not escalation(settings, NOW, DUE).report.passed


def test_a_no_go_asks_nobody(settings: Settings) -> None:
    judged(settings, decision="NO-GO")
    assert escalation(settings, NOW, DUE).headline == "NO-GO asks for no answer"


def test_the_review_finds_a_real_verdict_again(real: tuple[Settings, RevalidationResult]) -> None:
    settings, result = real
    report = review(settings, wall_now(), None)
    text = "\n".join(report.lines)
    assert report.report.passed
    assert report.headline == f"{result.decision} found again"
    assert "RESPONSIBLE: SWE lead" in text
    assert "- ✅ decision:" in text
    assert f"- ✅ Decision logic: {result.gates_passed} of 6 gates passed is {result.decision}" in text
    assert all(f"- {reason}" in text for reason in result.evidence.reasons)


def test_the_review_of_an_edited_bundle_is_an_alert(
    real: tuple[Settings, RevalidationResult], settings: Settings
) -> None:
    there, result = real
    folder = settings.home.revalidation(result.id)
    shutil.copytree(there.home.revalidation(result.id), folder)
    file = folder / RESULT_FILE
    file.write_text(file.read_text().replace('"NO-GO"', '"GO"'))
    report = review(settings, wall_now(), None)
    (alert,) = report.report.failures
    assert (alert.name, report.headline) == ("verdict_differs", "the bundle is not intact")
    assert "is not the one that was sealed: revalidation_result.json" in alert.message


def test_a_real_revalidation_notes_when_it_was_come_to(real: tuple[Settings, RevalidationResult]) -> None:
    settings, result = real
    found = newest_judged(settings, result.created_at)
    assert found is not None
    assert found.at >= result.created_at
