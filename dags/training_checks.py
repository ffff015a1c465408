"""The four checks of the day, each posted to Slack.

10:00 **standup** · 14:00 **convergence** review · 18:00 metrics **snapshot** · 22:00 **checkpoints** validation, UTC.
With no training running they report the latest run and the champion. By hand: choose the slot in the form. Slack gets
one line with the essential figures, every field in its thread; alerts in full. The four of a day sign off the daily
monitoring.
"""

from datetime import UTC, datetime
from typing import Any, get_args

from airflow.sdk import dag, task

from include.core.slots import CheckSlot
from include.orchestration import forms, schedules
from include.orchestration.defaults import Tag, dag_arguments
from include.orchestration.edge import dag_run_id, runtime, stage_task, triggered_by


@dag(
    doc_md=__doc__,
    params=forms.training_checks(),
    **schedules.load("training_checks").arguments,
    **dag_arguments("ml", Tag.CHECKS),
)
def training_checks() -> None:
    """Wire the slots."""

    @task.branch
    def choose_slot(params: dict[str, Any], logical_date: datetime | None = None) -> str:
        """Choose the slot of the form, or the one that the run's time belongs to."""
        from include.orchestration import check_stages

        if params["slot"] != "auto":
            return str(params["slot"])
        settings, _ = runtime()
        return check_stages.slot_at(settings, logical_date or datetime.now(UTC))

    def check_task(slot: str) -> Any:
        @stage_task(task_id=slot)
        def check() -> dict[str, Any]:
            """Run the check and post it."""
            from include.orchestration import check_stages

            settings, _ = runtime()
            return check_stages.check(settings, slot, occasion=dag_run_id(), signed_by=triggered_by())

        return check()

    choose_slot() >> [check_task(slot) for slot in get_args(CheckSlot)]


training_checks()
