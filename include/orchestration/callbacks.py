"""What happens when a task has failed for good: people are told in Slack."""

import logging
from typing import TYPE_CHECKING, Any

from include.core.errors import BlockedError, DataQualityError, PerpetuaError
from include.orchestration.links import Links

if TYPE_CHECKING:
    from include.alerts.message import Message

log = logging.getLogger(__name__)


def report_failure(context: Any) -> None:
    """Post a failed task to Slack; a Slack that does not answer is logged and never hides the failure itself."""
    from include.alerts.slack import SlackChannel
    from include.config.settings import load_settings

    instance, error = context["ti"], context.get("exception")
    if isinstance(error, BlockedError):
        # its checklist was posted and says it all
        return
    try:
        settings = load_settings()
        SlackChannel(settings).post(failure_message(instance, error, Links(settings)))
    except PerpetuaError:
        log.exception("The failure of %s.%s could not be posted to Slack", instance.dag_id, instance.task_id)


def failure_message(instance: Any, error: BaseException | None, links: Links) -> "Message":
    """Return the message on a failed task instance: failed data checks as their report, anything else as the error."""
    from include.alerts.messages import data_quality, task_failed

    if isinstance(error, DataQualityError) and error.report is not None:
        return data_quality(error.report, links.data_quality, instance.dag_id)
    text = (
        f"{type(error).__name__}: {error}"
        if error
        else "It ended without an error of its own; its process may have been killed."
    )
    log_page = links.task(instance.dag_id, instance.run_id, instance.task_id)
    is_mapped = instance.map_index >= 0
    name = f"{instance.task_id}[{instance.map_index}]" if is_mapped else instance.task_id
    return task_failed(instance.dag_id, name, instance.run_id, text, log_page)
