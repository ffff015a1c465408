"""The stages of a verdict: judge, tell, take the answer, promote, judge again; other stages are in `stages.py`.

Heavy imports stand inside the functions: Airflow's workers import this module.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.config.choices import APPROVE
from include.config.settings import Settings
from include.core.clock import wall_now
from include.core.errors import DataQualityError, IntegrityError, InvalidInputError
from include.core.progress import Progress, no_progress
from include.core.slots import SCHEDULE
from include.orchestration.campaign_stages import sign_off
from include.orchestration.links import Links
from include.orchestration.stages import resolve_run

if TYPE_CHECKING:
    from include.reporting.decision_bundle import Approval
    from include.reporting.verdict import GateRow

NOBODY = "nobody"


def revalidate(
    settings: Settings,
    system: str,
    run_id: str = "latest",
    progress: Progress = no_progress,
    signed_by: str = SCHEDULE,
    asked_by: str | None = None,
    is_under_way: Callable[[str], bool] = lambda _: False,
) -> dict[str, Any]:
    """Backtest a finished run on its sealed test window, judge it, weigh the evidence and seal the bundle.

    Parameters
    ----------
    settings, system, run_id, progress, signed_by
        Home, system, run (`latest` is its newest finished one), progress, who started it.
    asked_by : str or None
        The DAG run that would ask for approval; None asks nobody.
    is_under_way : callable
        Whether another DAG run has not ended. One verdict is asked about once: `asked_in` of what is returned names the
        DAG run that asks.
    """
    from include.core.files import sha256_file
    from include.reporting.decision_bundle import bundle_sha256
    from include.reporting.retraining import retraining
    from include.reporting.revalidate import revalidate as revalidate_run
    from include.reporting.words import null_sentence
    from include.training.claims import claim

    result = revalidate_run(settings, settings.home.run(resolve_run(settings, system, run_id)), progress=progress)
    folder = settings.home.revalidation(result.id)
    note = f"{result.decision}, {result.gates_passed} of {len(result.gates.results)} gates, run {result.run_id}"
    sign_off(settings, "revalidation", "done", signed_by, f"{note}, report {result.id}")
    advised = retraining(result)
    asked_in = None
    if asked_by is not None and result.decision != "NO-GO":
        asked_in = claim(settings.home.approval_claim(result.id), asked_by, is_under_way)
    return {
        "id": result.id,
        "asked_in": asked_in,
        "system": result.system,
        "run_id": result.run_id,
        "decision": result.decision,
        "evidence": result.evidence.sufficiency,
        "reasons": list(result.evidence.reasons),
        "luck": null_sentence(result),
        "preset": advised.preset if advised else None,
        "worst_gate": advised.gate if advised else None,
        "gates_passed": result.gates_passed,
        "gates": [
            gate.model_dump(mode="json")
            | {"low": row.bound.low, "high": row.bound.high, "luck": row.luck.share, "shown": _shown(row)}
            for gate, row in zip(result.gates.results, result.gate_rows, strict=True)
        ],
        "result_sha256": sha256_file(folder / "revalidation_result.json"),
        "bundle_sha256": bundle_sha256(folder),
        "bundle": str(folder),
        "report": Links(settings).revalidation(result.id),
    }


def _shown(row: "GateRow") -> dict[str, str]:
    from include.reporting.words import limit_text, metric_text

    low, high = (metric_text(row.name, value) for value in (row.bound.low, row.bound.high))
    return {
        "gate": row.label,
        "observed": metric_text(row.name, row.observed),
        "limit": limit_text(row),
        "interval": "unknown" if row.bound.low is None else f"{low} to {high}",
    }


def announce_revalidation(settings: Settings, revalidation_id: str, *, dag_run_id: str | None = None) -> dict[str, Any]:
    """Tell the verdict with its gate table, evidence and equity figure, in the thread of the run.

    `dag_run_id` names the run of `revalidate_model` whose question the message leads to; None: nobody is asked.
    """
    from include.alerts.delivery import Attachment, deliver
    from include.alerts.messages import verdict
    from include.alerts.threads import run_thread
    from include.reporting.retraining import retraining
    from include.reporting.verdict import read_result

    folder = settings.home.revalidation(revalidation_id)
    result = read_result(folder)
    links = Links(settings)
    addresses = {"report": links.revalidation(revalidation_id), "run": links.run(result.run_id)}
    if dag_run_id is not None and result.decision != "NO-GO":
        addresses["question"] = links.question(dag_run_id, result.decision)
    if result.decision != "GO":
        addresses["training"] = links.dag("train_ppo")
    message = verdict(result, addresses, retraining(result))
    equity = Attachment(folder / "equity.png", f"Equity and drawdown on the test window, {revalidation_id}")
    posted = deliver(settings, message, run_thread(result.run_id), [equity])
    return {"ts": posted.ts if posted else None, "decision": result.decision}


def record_answer(settings: Settings, verdict: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Write a person's answer, who gave it and when, into the bundle that it was given on, and sign the decision off.

    Parameters
    ----------
    settings : Settings
        Names home, campaign and approvers.
    verdict : dict
        What `revalidate` returned.
    answer : dict
        What Airflow's required action returned: `chosen_options`, `params_input`, `responded_by_user`, `responded_at`;
        without a user nobody answered in time.

    Raises
    ------
    InvalidInputError
        An answer of somebody who may not give one, or an approval on insufficient evidence without a written reason.
    IntegrityError
        The bundle is not the one that was answered on.
    """
    from include.reporting.decision_bundle import Approval, read_approvals, write_approval

    person = answer.get("responded_by_user") or {}
    name = str(person.get("name") or person.get("id") or NOBODY)
    if name != NOBODY:
        _require_approver(settings, name)
    (option,) = answer["chosen_options"]
    reason = str((answer.get("params_input") or {}).get("reason") or "").strip()
    if option == APPROVE and name == NOBODY:
        raise InvalidInputError("`answer` must name a person to approve, named nobody. Hint: answer while logged in.")
    if option == APPROVE and verdict["evidence"] == "insufficient" and not reason:
        raise InvalidInputError(
            "`reason` must be written to approve on insufficient evidence, was empty; the champion stays. "
            f"The evidence: {' '.join(verdict['reasons'])} Hint: run the revalidation again and say why it is enough."
        )
    given = Approval(
        bundle_sha256=verdict["bundle_sha256"],
        answer="expired" if name == NOBODY else option.lower(),
        answered_by=name,
        answered_at=_instant(answer.get("responded_at")),
        reason=reason or None,
    )
    folder = settings.home.revalidation(verdict["id"])
    standing = next(reversed(read_approvals(folder)), None)
    if given.answer == "expired" and standing is not None and standing.bundle_sha256 == given.bundle_sha256:
        # the same verdict was asked about twice: silence takes back nobody's answer
        return standing.model_dump(mode="json") | {"revalidation_id": verdict["id"], "answer": "expired"}
    written = write_approval(folder, given)
    _sign_off(settings, verdict, written)
    return written.model_dump(mode="json") | {"revalidation_id": verdict["id"]}


def _require_approver(settings: Settings, name: str) -> None:
    # Airflow asks only the approvers; what is promoted must not hang on that alone
    if settings.approvers and name not in settings.approvers:
        allowed = ", ".join(settings.approvers)
        raise InvalidInputError(f"`answered_by` must be one of {allowed} (PERPETUA_APPROVERS), was {name!r}.")


def _sign_off(settings: Settings, verdict: dict[str, Any], given: "Approval") -> None:
    status = {"approve": "done", "expired": "open"}.get(given.answer, "refused")
    note = f"{given.answer} of {verdict['decision']} {verdict['id']}, run {verdict['run_id']}"
    reason = "" if given.reason is None else f": {given.reason}"
    sign_off(settings, "cto_decision", status, given.answered_by, note + reason)


def announce_answer(settings: Settings, revalidation_id: str) -> dict[str, Any]:
    """Post what was answered to a verdict, by whom and why, and which model stands now."""
    from include.alerts.delivery import deliver
    from include.alerts.messages import answered
    from include.alerts.threads import run_thread
    from include.reporting.decision_bundle import read_approvals
    from include.reporting.retraining import retraining
    from include.reporting.verdict import read_result
    from include.training.champion import read_champion

    folder = settings.home.revalidation(revalidation_id)
    result, given = read_result(folder), read_approvals(folder)[-1]
    links = Links(settings)
    message = answered(
        result,
        given,
        read_champion(settings.home, result.system),
        retraining(result),
        {"report": links.revalidation(revalidation_id), "training": links.dag("train_ppo")},
    )
    posted = deliver(settings, message, run_thread(result.run_id))
    return {"ts": posted.ts if posted else None, "answer": given.answer}


def promote(settings: Settings, revalidation_id: str, result_sha256: str) -> dict[str, Any]:
    """Make the revalidated model the champion of its system, on the approval that its bundle holds.

    Raises
    ------
    InvalidInputError
        The newest answer is no approval, or not of one of the approvers, or older than the last promotion or rollback.
    IntegrityError
        The result, the bundle, or what the approval was given on was edited.
    """
    from include.reporting.champion import promote as promote_champion
    from include.reporting.decision_bundle import bundle_sha256, read_approvals, require_intact

    folder = settings.home.revalidation(revalidation_id)
    require_intact(folder)
    # what is promoted hangs on the answer on record, not on what a task was handed
    given = next(reversed(read_approvals(folder)), None)
    if given is None or given.answer != "approve":
        answer = "none" if given is None else given.answer
        raise InvalidInputError(
            f"Revalidation `{revalidation_id}` must be approved to be promoted, was answered: {answer}."
        )
    _require_approver(settings, given.answered_by)
    if given.bundle_sha256 != bundle_sha256(folder):
        raise IntegrityError(f"The approval of `{revalidation_id}` was given on another bundle. Hint: ask again.")
    champion = promote_champion(
        settings.home, revalidation_id, result_sha256, given.answered_by, wall_now(), given.answered_at
    )
    return champion.model_dump(mode="json")


def champion(settings: Settings, system: str) -> dict[str, Any] | None:
    """Return the champion of `system` with its history, None when none was ever promoted."""
    from include.training.champion import read_champion

    standing = read_champion(settings.home, system)
    return None if standing is None else standing.model_dump(mode="json")


def rollback(settings: Settings, system: str, run_id: str, approved_by: str) -> dict[str, Any]:
    """Make an earlier champion of `system` the champion again."""
    from include.reporting.champion import rollback as roll_back

    return roll_back(settings.home, system, run_id, approved_by, wall_now()).model_dump(mode="json")


def verify_bundle(folder: Path, progress: Progress = no_progress) -> dict[str, Any]:
    """Judge a bundle again from its files alone; a figure that differs raises after everything was compared."""
    from include.reporting.verify import verify

    found = verify(folder, progress)
    if not found.checks.passed:
        reasons = "; ".join(f"{failure.name}: {failure.message}" for failure in found.checks.failures)
        trades = f" Differing trades: {list(found.differing_trades)[:20]}." if found.differing_trades else ""
        raise DataQualityError(f"Bundle `{found.revalidation_id}` gives another verdict here: {reasons}.{trades}")
    return found.model_dump(mode="json")


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value) if value else wall_now()
