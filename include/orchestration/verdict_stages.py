"""The stages of a verdict: judge, tell, take the answer, promote, judge again; other stages are in `stages.py`.

Heavy imports stand inside the functions: Airflow's workers import this module.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from include.config.settings import Settings
from include.core.clock import wall_now
from include.core.errors import DataQualityError, InvalidInputError
from include.core.progress import Progress, no_progress
from include.core.slots import SCHEDULE
from include.orchestration.campaign_stages import sign_off
from include.orchestration.links import Links
from include.orchestration.stages import resolve_run

APPROVE, REJECT = "Approve", "Reject"


def revalidate(
    settings: Settings,
    system: str,
    run_id: str = "latest",
    progress: Progress = no_progress,
    signed_by: str = SCHEDULE,
) -> dict[str, Any]:
    """Backtest a finished run on its sealed test window, judge it, weigh the evidence and seal the bundle."""
    from include.core.files import sha256_file
    from include.reporting.decision_bundle import bundle_sha256
    from include.reporting.revalidate import revalidate as revalidate_run
    from include.reporting.words import null_sentence

    result = revalidate_run(settings, settings.home.run(resolve_run(settings, system, run_id)), progress=progress)
    folder = settings.home.revalidation(result.id)
    note = f"{result.decision}, {result.gates_passed} of {len(result.gates.results)} gates, run {result.run_id}"
    sign_off(settings, "revalidation", "done", signed_by, f"{note}, report {result.id}")
    return {
        "id": result.id,
        "run_id": result.run_id,
        "decision": result.decision,
        "evidence": result.evidence.sufficiency,
        "reasons": list(result.evidence.reasons),
        "luck": null_sentence(result),
        "gates_passed": result.gates_passed,
        "gates": [
            gate.model_dump(mode="json") | {"low": row.bound.low, "high": row.bound.high, "luck": row.luck.share}
            for gate, row in zip(result.gates.results, result.gate_rows, strict=True)
        ],
        "result_sha256": sha256_file(folder / "revalidation_result.json"),
        "bundle_sha256": bundle_sha256(folder),
        "bundle": str(folder),
        "report": Links(settings).revalidation(result.id),
    }


def announce_revalidation(settings: Settings, revalidation_id: str) -> dict[str, Any]:
    """Tell the verdict with its gate table, evidence and equity figure, in the thread of the run."""
    from include.alerts.delivery import Attachment, deliver
    from include.alerts.messages import verdict
    from include.alerts.threads import run_thread
    from include.reporting.verdict import read_result

    folder = settings.home.revalidation(revalidation_id)
    result = read_result(folder)
    links = Links(settings)
    message = verdict(result, {"report": links.revalidation(revalidation_id), "run": links.run(result.run_id)})
    equity = Attachment(folder / "equity.png", f"Equity and drawdown on the test window, {revalidation_id}")
    posted = deliver(settings, message, run_thread(result.run_id), [equity])
    return {"ts": posted.ts if posted else None, "decision": result.decision}


def record_answer(settings: Settings, verdict: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Write a person's answer, who gave it and when, into the bundle that it was given on.

    Parameters
    ----------
    settings : Settings
        Names the home.
    verdict : dict
        What `revalidate` returned.
    answer : dict
        What Airflow's required action returned: `chosen_options`, `params_input`, `responded_by_user`, `responded_at`.

    Raises
    ------
    InvalidInputError
        An approval on insufficient evidence without a written reason, or a second, other answer.
    IntegrityError
        The bundle is not the one that was answered on.
    """
    from include.reporting.decision_bundle import Approval, write_approval

    person = answer.get("responded_by_user") or {}
    name = person.get("name") or person.get("id")
    if not name:
        raise InvalidInputError(f"`answer` must name a person, was {person!r}. Hint: answer while logged in.")
    is_approved = answer["chosen_options"] == [APPROVE]
    reason = str((answer.get("params_input") or {}).get("reason") or "").strip()
    if is_approved and verdict["evidence"] == "insufficient" and not reason:
        raise InvalidInputError(
            "`reason` must be written to approve on insufficient evidence, was empty; the champion stays. "
            f"The evidence: {' '.join(verdict['reasons'])} Hint: run the revalidation again and say why it is enough."
        )
    given = Approval(
        bundle_sha256=verdict["bundle_sha256"],
        answer="approve" if is_approved else "reject",
        answered_by=str(name),
        answered_at=_instant(answer.get("responded_at")),
        reason=reason or None,
    )
    return write_approval(settings.home.revalidation(verdict["id"]), given).model_dump(mode="json")


def promote(settings: Settings, revalidation_id: str, result_sha256: str, approved_by: str) -> dict[str, Any]:
    """Make the revalidated model the champion of its system; an edited result or bundle is refused."""
    from include.reporting.champion import promote as promote_champion
    from include.reporting.decision_bundle import require_intact

    require_intact(settings.home.revalidation(revalidation_id))
    champion = promote_champion(settings.home, revalidation_id, result_sha256, approved_by, wall_now())
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
