"""What happens when a task has failed for good: people are told in Slack."""

import logging
from typing import Any

from include.core.errors import DataQualityError, PerpetuaError

log = logging.getLogger(__name__)


def report_failure(context: Any) -> None:
    """Post a failed task to Slack; a Slack that does not answer is logged, never raised.

    A `DataQualityError` is left out: the stage that raises it posts the whole report itself.
    """
    error = context.get("exception")
    if isinstance(error, DataQualityError):
        return
    from include.alerts.messages import task_failed
    from include.alerts.slack import SlackChannel
    from include.config.settings import load_settings

    instance = context["ti"]
    try:
        settings = load_settings()
        link = f"{settings.airflow_url}/dags/{instance.dag_id}/runs/{instance.run_id}/tasks/{instance.task_id}"
        SlackChannel(settings).post(
            task_failed(instance.dag_id, instance.task_id, instance.run_id, f"{type(error).__name__}: {error}", link)
        )
    except PerpetuaError:
        log.exception("The failure of %s.%s could not be posted to Slack", instance.dag_id, instance.task_id)
