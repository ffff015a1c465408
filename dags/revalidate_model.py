"""Judge a trained model by a real backtest and six risk gates, and ask for the decision.

Fires at the fixed times of `campaign.yaml`, and by hand for any finished run:

1. load the trained model · 2. load the test window of its dataset · 3. backtest all symbols with fees, slippage,
funding, stops and liquidation, and the baselines through the same code · 4. the six gates and the evidence
beside them · 5. the report and the sealed decision bundle.

**GO** (5–6 gates) and **PARTIAL-GO** (4) wait for the CTO under *Required Actions*; approval makes the model the
champion, anything else, silence included, leaves the champion as it is. **NO-GO** (fewer than 4) asks nothing. The
answer, who gave it and when, enters the bundle; approving with insufficient evidence asks for a written reason.
"""

from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import dag, task, task_group

from include.orchestration import assets, forms, schedules
from include.orchestration.defaults import TRAINER, Tag, dag_arguments
from include.orchestration.edge import runtime, stage_task, triggered_by

SUMMARY = """**{{ verdict.decision }}**: {{ verdict.gates_passed }} of {{ verdict.gates | length }} gates passed.

**Evidence: {{ verdict.evidence }}**{% for reason in verdict.reasons %}
- {{ reason }}{% endfor %}

{{ verdict.luck }}

| gate | observed | limit | | 95 % interval | luck passes |
|---|---|---|---|---|---|
{% for gate in verdict.gates -%}
{%- set observed = '%.4g' | format(gate.observed) if gate.observed is not none else 'unknown' %}
{%- set luck = '%.0f %%' | format(100 * gate.luck) %}
{%- set mark = '✅' if gate.passed else '❌' %}
{%- set bounds = 'unknown' if gate.low is none else '%.3g to %.3g' | format(gate.low, gate.high) %}
| {{ gate.name }} | {{ observed }} | {{ gate.limit }} | {{ mark }} | {{ bounds }} | {{ luck }} |
{% endfor %}
To approve on insufficient evidence, write a reason. Report: {{ verdict.report }}
"""


@dag(
    doc_md=__doc__,
    params=forms.revalidate_model(),
    **schedules.load("revalidate_model").arguments,
    **dag_arguments("ml", Tag.REVALIDATION, max_active_runs=8),
)
def revalidate_model() -> None:
    """Wire the stages."""

    @stage_task(inlets=[assets.TRAINED_MODEL], outlets=[assets.REVALIDATION], **TRAINER)
    def revalidate(params: dict[str, Any]) -> dict[str, Any]:
        """Backtest, gates, decision, report."""
        from include.orchestration import verdict_stages

        settings, progress = runtime()
        return verdict_stages.revalidate(
            settings, params["system"], params["run"], progress=progress, signed_by=triggered_by()
        )

    @stage_task
    def announce(verdict: dict[str, Any]) -> None:
        """Post the verdict to Slack."""
        from include.orchestration import verdict_stages

        settings, _ = runtime()
        verdict_stages.announce_revalidation(settings, verdict["id"])

    @task.short_circuit
    def needs_approval(verdict: dict[str, Any]) -> bool:
        """NO-GO asks nothing."""
        return verdict["decision"] != "NO-GO"

    @stage_task
    def record(verdict: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Write the answer, who gave it and when, into the decision bundle; an edited bundle is refused."""
        from include.orchestration import verdict_stages

        settings, _ = runtime()
        return verdict_stages.record_answer(settings, verdict, answer)

    @task.short_circuit
    def is_approved(answer: dict[str, Any]) -> bool:
        """Anything but an approval leaves the champion as it is."""
        return answer["answer"] == "approve"

    @stage_task(inlets=[assets.REVALIDATION], outlets=[assets.CHAMPION])
    def promote(verdict: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Make the approved model the champion; an edited result is refused."""
        from include.orchestration import verdict_stages

        settings, _ = runtime()
        return verdict_stages.promote(settings, verdict["id"], verdict["result_sha256"], answer["answered_by"])

    @task_group
    def evaluation() -> Any:
        """What the model is worth."""
        verdict = revalidate()
        announce(verdict)
        return verdict

    @task_group
    def decision(verdict: Any) -> None:
        """What people make of it."""
        approval = HITLOperator(
            task_id="approval",
            options=["Approve", "Reject"],
            params=forms.approval(),
            subject="Promote the model of run {{ ti.xcom_pull(task_ids='evaluation.revalidate')['run_id'] }}?",
            body="{% set verdict = ti.xcom_pull(task_ids='evaluation.revalidate') %}" + SUMMARY,
            defaults=["Reject"],
            response_timeout=schedules.approval_timeout(),
            retries=0,
        )
        needs_approval(verdict) >> approval
        answer = record(verdict, approval.output)
        is_approved(answer) >> promote(verdict, answer)

    decision(evaluation())


revalidate_model()
