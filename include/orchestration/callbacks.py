"""What happens when a task has failed for good: people are told in Slack."""

import logging
from typing import TYPE_CHECKING, Any

from include.core.clock import wall_now
from include.core.errors import BlockedError, DataQualityError, DuplicateError, UndeliveredError
from include.orchestration.links import Links

if TYPE_CHECKING:
    from include.alerts.message import Message

log = logging.getLogger(__name__)


def report_failure(context: Any) -> None:
    """Tell of a failed task in the thread of the day; a Slack that does not answer never hides the failure itself."""
    instance, error = context["ti"], context.get("exception")
    if isinstance(error, BlockedError | DuplicateError | UndeliveredError):
        # a checklist was posted and says it all; a second request is refused to whoever made it, and nothing is wrong;
        # that Slack refuses cannot be said in Slack
        return
    try:
        from include.alerts.delivery import deliver
        from include.alerts.threads import day_thread
        from include.config.settings import load_settings

        settings = load_settings()
        deliver(settings, failure_message(instance, error, Links(settings)), day_thread(wall_now()))
    except Exception:
        log.exception("The failure of %s.%s could not be told", instance.dag_id, instance.task_id)


def failure_message(instance: Any, error: BaseException | None, links: Links) -> "Message":
    """Return the message on a failed task instance: failed data checks as their report, anything else as the error."""
    from include.alerts.messages import data_quality, task_failed

    if isinstance(error, DataQualityError) and error.report is not None:
        occasion = f"{instance.run_id}:{instance.try_number}"
        return data_quality(error.report, links.data_quality, instance.dag_id, occasion)
    text = (
        f"{type(error).__name__}: {error}"
        if error
        else "It ended without an error of its own; its process may have been killed."
    )
    log_page = links.task(instance.dag_id, instance.run_id, instance.task_id)
    is_mapped = instance.map_index >= 0
    name = f"{instance.task_id}[{instance.map_index}]" if is_mapped else instance.task_id
    return task_failed(instance.dag_id, name, instance.run_id, text, log_page, instance.try_number)
