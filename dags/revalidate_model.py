"""Judge a trained model by a real backtest and six risk gates, and ask for the decision.

Fires at the fixed times of `campaign.yaml`, and by hand for any finished run:

1. load the trained model · 2. load the test window of its dataset · 3. backtest all symbols with fees, slippage,
funding, stops and liquidation, and the baselines through the same code · 4. the six gates and the evidence
beside them · 5. the report and the sealed decision bundle.

**GO** (5–6 gates) and **PARTIAL-GO** (4) wait for the CTO under *Required Actions*; approval makes the model the
champion, anything else, silence included, leaves the champion as it is. A PARTIAL-GO may also be answered with
*Retrain*, which starts `train_ppo` with the preset that the worst failed gate asks for. **NO-GO** (fewer than 4) asks
nothing; Slack names the preset to retrain with. The answer, who gave it and when, enters the bundle and the sign-offs;
approving with insufficient evidence asks for a written reason. `PERPETUA_APPROVERS` names who may answer.
"""

from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import TriggerRule, dag, task, task_group

from include.config.choices import APPROVE, REJECT, RETRAIN
from include.orchestration import approval, assets, forms, links, schedules
from include.orchestration.defaults import TRAINER, Tag, dag_arguments
from include.orchestration.edge import is_under_way, runtime, stage_task, triggered_by


@dag(
    doc_md=__doc__,
    params=forms.revalidate_model(),
    **schedules.load("revalidate_model").arguments,
    **dag_arguments("ml", Tag.REVALIDATION, max_active_runs=8),
)
def revalidate_model() -> None:
    """Wire the stages."""

    @stage_task(inlets=[assets.TRAINED_MODEL], outlets=[assets.REVALIDATION], **TRAINER)
    def revalidate(params: dict[str, Any], run_id: str | None = None) -> dict[str, Any]:
        """Backtest, gates, decision, report."""
        from include.orchestration import verdict_stages

        settings, progress = runtime()
        return verdict_stages.revalidate(
            settings,
            params["system"],
            params["run"],
            progress=progress,
            signed_by=triggered_by(),
            asked_by=run_id,
            is_under_way=is_under_way,
        )

    @stage_task
    def announce(verdict: dict[str, Any]) -> None:
        """Post the verdict to Slack, with the way to the question that it asks."""
        from include.orchestration import verdict_stages

        settings, _ = runtime()
        verdict_stages.announce_revalidation(settings, verdict["id"], dag_run_id=verdict["asked_in"])

    @task.branch
    def ask(verdict: dict[str, Any], run_id: str | None = None) -> list[str]:
        """Ask what the decision asks for: a NO-GO asks nothing, and one verdict is not asked about twice at once."""
        if verdict["asked_in"] != run_id:
            return []
        return [f"decision.{links.QUESTIONS[verdict['decision']]}", "decision.record"]

    @stage_task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    def record(verdict: dict[str, Any], go: dict[str, Any] | None, partial_go: dict[str, Any] | None) -> dict[str, Any]:
        """Write the answer, who gave it and when, into the decision bundle; an edited bundle is refused."""
        from include.orchestration import verdict_stages

        settings, _ = runtime()
        return verdict_stages.record_answer(settings, verdict, go or partial_go or {})

    @task.branch
    def act(answer: dict[str, Any]) -> list[str]:
        """Do what was answered; a rejection and silence leave everything as it is."""
        step = {"approve": "decision.promote", "retrain": "decision.retrain"}.get(answer["answer"])
        return [step] if step else []

    @stage_task(inlets=[assets.REVALIDATION], outlets=[assets.CHAMPION])
    def promote(verdict: dict[str, Any]) -> dict[str, Any]:
        """Make the approved model the champion; an edited result is refused."""
        from include.orchestration import verdict_stages

        settings, _ = runtime()
        return verdict_stages.promote(settings, verdict["id"], verdict["result_sha256"])

    @stage_task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    def announce_answer(answer: dict[str, Any]) -> None:
        """Tell Slack what was answered and what came of it."""
        from include.orchestration import verdict_stages

        settings, _ = runtime()
        verdict_stages.announce_answer(settings, answer["revalidation_id"])

    @task_group
    def evaluation() -> Any:
        """What the model is worth."""
        verdict = revalidate()
        announce(verdict)
        return verdict

    @task_group
    def decision(verdict: Any) -> None:
        """What people make of it."""
        go = approval.question("GO", APPROVE, REJECT)
        partial_go = approval.question("PARTIAL-GO", APPROVE, RETRAIN, REJECT)
        answer = record(verdict, go.output, partial_go.output)
        ask(verdict) >> [go, partial_go, answer]
        retrain = TriggerDagRunOperator(
            task_id="retrain",
            trigger_dag_id="train_ppo",
            # one retraining for an answer, however often the task is run
            trigger_run_id="retrain__{{ run_id }}",
            skip_when_already_exists=True,
            conf={
                "system": "{{ ti.xcom_pull(task_ids='evaluation.revalidate').system }}",
                "preset": "{{ ti.xcom_pull(task_ids='evaluation.revalidate').preset }}",
            },
        )
        outcomes = [promote(verdict), retrain]
        act(answer) >> outcomes
        outcomes >> announce_answer(answer)

    decision(evaluation())


revalidate_model()
