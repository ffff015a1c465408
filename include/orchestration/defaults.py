"""What every DAG and task shares: owner, tags, retries by exception, pools."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from include.core.errors import TransientError
from include.orchestration.callbacks import report_failure


class Tag(StrEnum):
    """Tags of the DAG list."""

    DATA = "data"
    FEATURES = "features"
    TRAINING = "training"
    REVALIDATION = "revalidation"
    CHECKS = "checks"


class Pool(StrEnum):
    """Pools, each with one slot: the exchange's request budget and the machine's trainer."""

    EXCHANGE = "exchange"
    TRAINING = "training"


POOLS: dict[Pool, str] = {
    Pool.EXCHANGE: "One client at a time: the exchange's limits count per address.",
    Pool.TRAINING: "One trainer at a time: it uses the whole machine.",
}

# The outside world is worth another try, our own refusals and mistakes never are. A task that was killed
# raises nothing, so this policy is not asked and `retries` decides.
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[TransientError, ConnectionError, TimeoutError],
            action=RetryAction.RETRY,
            reason="The outside world failed; it usually passes.",
        )
    ],
    default=RetryAction.FAIL,
)


def dag_arguments(owner: str, *tags: Tag, max_active_runs: int = 1) -> dict[str, Any]:
    """Return the keyword arguments of `@dag` that every DAG shares."""
    return {
        "tags": [tag.value for tag in tags],
        # the pools keep heavy work one at a time; a run that waits for a person must not hold up the next
        "max_active_runs": max_active_runs,
        "render_template_as_native_obj": True,
        "default_args": {
            "owner": owner,
            "retries": 3,
            "retry_delay": timedelta(minutes=1),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(minutes=15),
            "retry_policy": RETRY_POLICY,
            "on_failure_callback": report_failure,
        },
    }
