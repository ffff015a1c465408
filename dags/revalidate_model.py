"""Judge a trained model by a real backtest and six risk gates, and ask for the decision.

Fires at the fixed times of `campaign.yaml`, and by hand for any finished run:

1. load the trained model · 2. load the test window of its dataset · 3. backtest all symbols with fees, slippage,
funding, stops and liquidation, and the baselines through the same code · 4. the six gates · 5. the report.

**GO** (5–6 gates) and **PARTIAL-GO** (4) wait for the CTO under *Required Actions*; approval makes the model the
champion, anything else, silence included, leaves the champion as it is. **NO-GO** (fewer than 4) asks nothing.
"""

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import dag, task, task_group

from include.orchestration import assets, forms, schedules
from include.orchestration.defaults import Pool, Tag, dag_arguments
from include.orchestration.edge import runtime, stage_task

SUMMARY = """**{{ verdict.decision }}**: {{ verdict.gates_passed }} of {{ verdict.gates | length }} gates passed.

| gate | observed | limit | |
|---|---|---|---|
{% for gate in verdict.gates -%}
{%- set observed = gate.observed if gate.observed is not none else 'unknown' %}
| {{ gate.name }} | {{ observed }} | {{ gate.limit }} | {{ '✅' if gate.passed else '❌' }} |
{% endfor %}
Report: {{ verdict.report }}
"""


@dag(
    doc_md=__doc__,
    params=forms.revalidate_model(),
    **schedules.load("revalidate_model").arguments,
    **dag_arguments("ml", Tag.REVALIDATION, max_active_runs=8),
)
def revalidate_model() -> None:
    """Wire the stages."""

    @stage_task(pool=Pool.TRAINING, inlets=[assets.TRAINED_MODEL], outlets=[assets.REVALIDATION])
    def revalidate(params: dict[str, Any]) -> dict[str, Any]:
        """Backtest, gates, decision, report."""
        from include.orchestration import stages

        settings, progress = runtime()
        return stages.revalidate(settings, params["system"], params["run"], progress=progress)

    @stage_task
    def announce(verdict: dict[str, Any]) -> None:
        """Post the verdict to Slack."""
        from include.orchestration import stages

        settings, _ = runtime()
        stages.announce_revalidation(settings, verdict["id"])

    @task.short_circuit
    def needs_approval(verdict: dict[str, Any]) -> bool:
        """NO-GO asks nothing."""
        return verdict["decision"] != "NO-GO"

    @stage_task(inlets=[assets.REVALIDATION], outlets=[assets.CHAMPION])
    def promote(verdict: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Make the approved model the champion; an edited result is refused."""
        from include.orchestration import stages

        settings, _ = runtime()
        return stages.promote(settings, verdict["id"], verdict["result_sha256"], answer["responded_by_user"])

    @task_group
    def evaluation() -> Any:
        """What the model is worth."""
        verdict = revalidate()
        announce(verdict)
        return verdict

    @task_group
    def decision(verdict: Any) -> None:
        """What people make of it."""
        approval = ApprovalOperator(
            task_id="approval",
            subject="Promote the model of run {{ ti.xcom_pull(task_ids='evaluation.revalidate')['run_id'] }}?",
            body="{% set verdict = ti.xcom_pull(task_ids='evaluation.revalidate') %}" + SUMMARY,
            defaults=ApprovalOperator.REJECT,
            response_timeout=schedules.approval_timeout(),
            retries=0,
        )
        needs_approval(verdict) >> approval
        promote(verdict, approval.output)

    decision(evaluation())


revalidate_model()
