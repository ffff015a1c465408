"""The answer to a verdict, and judging a bundle again."""

from pathlib import Path

import pytest

from include.config.settings import Settings
from include.core.errors import DataQualityError, IntegrityError, InvalidInputError
from include.orchestration.verdict_stages import promote, record_answer, revalidate, verify_bundle
from include.reporting.decision_bundle import APPROVAL_FILE, TRADES_FILE, read_approvals, seal_bundle
from include.reporting.sign_offs import newest_of, sign_offs
from include.training.champion import read_champion
from tests.unit.reporting.conftest import trained  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("trained")
CTO = {"id": "7", "name": "cto"}


@pytest.fixture
def verdict(trained: tuple[Settings, Path]) -> dict:  # noqa: F811
    return revalidate(trained[0], "phase4", trained[1].name)


def given(option: str, reason: str = "", person: dict | None = CTO) -> dict:
    return {"chosen_options": [option], "params_input": {"reason": reason}, "responded_by_user": person}


def test_a_verdict_carries_its_evidence_bounds_and_luck(verdict: dict) -> None:
    assert verdict["evidence"] == "insufficient"
    assert verdict["reasons"]
    assert {"low", "high", "luck", "observed", "limit"} <= verdict["gates"][0].keys()
    assert verdict["gates"][1]["shown"]["limit"] == "≤ 15.00%"
    assert len(verdict["bundle_sha256"]) == 64


def test_approving_on_insufficient_evidence_wants_a_reason(
    verdict: dict,
    trained: tuple[Settings, Path],  # noqa: F811
) -> None:
    settings, _ = trained
    before = read_approvals(settings.home.revalidation(verdict["id"]))
    with pytest.raises(InvalidInputError, match="`reason` must be written"):
        record_answer(settings, verdict, given("Approve", "  "))
    with pytest.raises(InvalidInputError, match="must name a person"):
        record_answer(settings, verdict, given("Approve", "fine", person=None))
    chosen = settings.model_copy(update={"approvers": ("anna",)})
    with pytest.raises(InvalidInputError, match=r"must be one of anna \(PERPETUA_APPROVERS\), was 'cto'"):
        record_answer(chosen, verdict, given("Approve", "mine"))
    assert read_approvals(settings.home.revalidation(verdict["id"])) == before
    recorded = record_answer(settings, verdict, given("Approve", "a test"))
    assert (recorded["answer"], recorded["answered_by"], recorded["reason"]) == ("approve", "cto", "a test")
    assert record_answer(settings, verdict, given("Reject"))["answer"] == "reject"
    answers = [one.answer for one in read_approvals(settings.home.revalidation(verdict["id"]))]
    assert answers[-2:] == ["approve", "reject"]
    signed = newest_of(sign_offs(settings.home, settings.campaign.name), "cto_decision")
    assert signed is not None
    assert (signed.status, signed.signed_by) == ("refused", "cto")


def test_no_answer_in_time_is_on_record_as_nobodys(
    verdict: dict,
    trained: tuple[Settings, Path],  # noqa: F811
) -> None:
    settings, _ = trained
    (settings.home.revalidation(verdict["id"]) / APPROVAL_FILE).unlink(missing_ok=True)
    chosen = settings.model_copy(update={"approvers": ("anna",)})
    assert record_answer(chosen, verdict, given("Reject", person=None))["answer"] == "expired"
    assert read_approvals(settings.home.revalidation(verdict["id"]))[-1].answered_by == "nobody"
    signed = newest_of(sign_offs(settings.home, settings.campaign.name), "cto_decision")
    assert signed is not None
    assert signed.status == "open"


def test_an_answer_on_another_bundle_is_refused(verdict: dict, trained: tuple[Settings, Path]) -> None:  # noqa: F811
    with pytest.raises(IntegrityError, match="that was answered on"):
        record_answer(trained[0], verdict | {"bundle_sha256": "0" * 64}, given("Reject"))


def test_a_bundle_with_one_file_changed_is_not_promoted_nor_judged(
    verdict: dict,
    trained: tuple[Settings, Path],  # noqa: F811
) -> None:
    settings, _ = trained
    trades = settings.home.revalidation(verdict["id"]) / TRADES_FILE
    whole = trades.read_bytes()
    trades.write_bytes(whole + b"x")
    try:
        with pytest.raises(IntegrityError, match=TRADES_FILE):
            promote(settings, verdict["id"], verdict["result_sha256"])
        with pytest.raises(IntegrityError, match=TRADES_FILE):
            verify_bundle(settings.home.revalidation(verdict["id"]))
    finally:
        trades.write_bytes(whole)
    assert read_champion(settings.home, "phase4") is None


def test_judging_again_says_where_it_differs(
    verdict: dict,
    trained: tuple[Settings, Path],  # noqa: F811
    tmp_path: Path,
) -> None:
    import json
    import shutil

    copy = Path(shutil.copytree(trained[0].home.revalidation(verdict["id"]), tmp_path / "copy"))
    assert verify_bundle(copy)["differing_trades"] == []
    document = json.loads((copy / "revalidation_result.json").read_text())
    document["metrics"]["max_drawdown"] += 0.01
    (copy / "revalidation_result.json").write_text(json.dumps(document))
    (copy / "bundle.json").unlink()
    seal_bundle(copy, verdict["id"], trained_at(document))
    with pytest.raises(DataQualityError, match="metrics: max_drawdown"):
        verify_bundle(copy)


def trained_at(document: dict):
    from datetime import datetime

    return datetime.fromisoformat(document["created_at"])


def test_only_an_approval_on_record_of_an_approver_promotes(
    verdict: dict,
    trained: tuple[Settings, Path],  # noqa: F811
) -> None:
    settings, _ = trained
    bundle = settings.home.revalidation(verdict["id"])
    (bundle / APPROVAL_FILE).unlink(missing_ok=True)
    with pytest.raises(InvalidInputError, match="must be approved to be promoted, was answered: none"):
        promote(settings, verdict["id"], verdict["result_sha256"])
    record_answer(settings, verdict, given("Reject"))
    with pytest.raises(InvalidInputError, match="was answered: reject"):
        promote(settings, verdict["id"], verdict["result_sha256"])
    record_answer(settings, verdict, given("Approve", "a test"))
    chosen = settings.model_copy(update={"approvers": ("anna",)})
    with pytest.raises(InvalidInputError, match="must be one of anna"):
        promote(chosen, verdict["id"], verdict["result_sha256"])
    # another question on the same verdict that nobody answers takes nothing back
    silent = record_answer(settings, verdict, given("Reject", person=None))
    assert silent["answer"] == "expired"
    assert [one.answer for one in read_approvals(bundle)] == ["reject", "approve"]
    signed = newest_of(sign_offs(settings.home, settings.campaign.name), "cto_decision")
    assert signed is not None
    assert signed.status == "done"
    (bundle / APPROVAL_FILE).unlink()
