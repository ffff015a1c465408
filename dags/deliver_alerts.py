"""Send to Slack what did not arrive when it was told.

Every message is written into the outbox of the home before it is sent, and whoever tells something next takes along
what waits. This is for the time in which nobody tells anything: every five minutes it tries again what is due, in its
order, nothing twice. A run in which nothing waits asks Slack nothing. While Slack refuses messages
(the token, a scope, the channel) the run fails, in red here, as it cannot be told in Slack; docs/alerts.md says what to
do. By hand: `python -m include alerts list` and `python -m include alerts flush`.
"""

from typing import Any

from airflow.sdk import dag

from include.orchestration import schedules
from include.orchestration.defaults import Tag, dag_arguments
from include.orchestration.edge import runtime, stage_task


@dag(doc_md=__doc__, **schedules.load("deliver_alerts").arguments, **dag_arguments("ml", Tag.ALERTS))
def deliver_alerts() -> None:
    """Wire the one stage."""

    @stage_task(retries=0)
    def deliver() -> dict[str, Any]:
        """Send what waits and is due."""
        from include.orchestration import alert_stages

        settings, _ = runtime()
        return alert_stages.deliver_alerts(settings)

    deliver()


deliver_alerts()
