"""The day of a fixed revalidation by the clock, each step posted to Slack; the run itself is `revalidate_model`.

- **10:00** pre-revalidation checklist: is the run that will be judged whole? It ends READY, FIX or BLOCKED.
- **16:00** decision report: gate table, evidence, who must do what; loudly where there is no result.
- **16:15** review for the SWE lead: the bundle judged again from its files alone.
- **16:30** escalation to the CTO, only where nobody answered or there is no result.

The days are those on which `revalidate_model` fires; the times of day stand under `revalidation` in `campaign.yaml`.
By hand: choose the step in the form; it is about the newest revalidation that was due.
"""

from datetime import UTC, datetime
from typing import Any, get_args

from airflow.sdk import dag, task

from include.core.slots import RevalidationSlot
from include.orchestration import forms, schedules
from include.orchestration.defaults import Tag, dag_arguments
from include.orchestration.edge import dag_run_id, runtime, stage_task, triggered_by


@dag(
    doc_md=__doc__,
    params=forms.revalidation_day(),
    **schedules.revalidation_day().arguments,
    **dag_arguments("ml", Tag.REVALIDATION),
)
def revalidation_day() -> None:
    """Wire the steps."""

    @task.branch
    def choose_step(params: dict[str, Any], logical_date: datetime | None = None) -> str:
        """Choose the step of the form, or the one that the run's time belongs to."""
        from include.orchestration import check_stages

        if params["step"] != "auto":
            return str(params["step"])
        settings, _ = runtime()
        return check_stages.revalidation_slot_at(settings, logical_date or datetime.now(UTC))

    def step_task(step: str) -> Any:
        @stage_task(task_id=step)
        def make() -> dict[str, Any]:
            """Make the step and post it."""
            from include.orchestration import check_stages

            settings, _ = runtime()
            return check_stages.check(settings, step, occasion=dag_run_id(), signed_by=triggered_by())

        return make()

    choose_step() >> [step_task(step) for step in get_args(RevalidationSlot)]


revalidation_day()
