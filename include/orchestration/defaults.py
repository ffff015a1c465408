"""What every DAG and task shares: owner, tags, retries by exception, pools."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowRuntimeError

from include.core.errors import AlreadyRunningError, TransientError
from include.orchestration.callbacks import report_failure


class Tag(StrEnum):
    """Tags of the DAG list."""

    DATA = "data"
    FEATURES = "features"
    TRAINING = "training"
    REVALIDATION = "revalidation"
    CHECKS = "checks"
    ALERTS = "alerts"


class Pool(StrEnum):
    """Pools, each with one slot: the exchange's request budget and the machine's trainer."""

    EXCHANGE = "exchange"
    TRAINING = "training"


class Queue(StrEnum):
    """Queues of the Celery workers; an executor without queues takes no notice of them."""

    DEFAULT = "default"
    TRAINING = "training"


POOLS: dict[Pool, str] = {
    Pool.EXCHANGE: "One client at a time: the exchange's limits count per address.",
    Pool.TRAINING: "One trainer at a time: it uses the whole machine.",
}

# What uses a whole machine: one at a time, and with Celery on the worker that does nothing else.
TRAINER: dict[str, Any] = {"pool": Pool.TRAINING, "queue": Queue.TRAINING}

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

# A training is worth every try, as each goes on from the last checkpoint. One that was killed starts again in seconds.
# While the API server is away each try dies at its start: the wait doubles each time, so that eight of them last for 45
# minutes. What the task itself asked of the API server in vain is asked again after five minutes. A predecessor that
# still holds the run, as after the scheduler was killed, is ended by its supervisor within half a minute.
TRAINING_RETRIES: dict[str, Any] = {
    "retries": 8,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(
                exception=AirflowRuntimeError,
                action=RetryAction.RETRY,
                retry_delay=timedelta(minutes=5),
                reason="Airflow's API server did not answer; the training itself is kept.",
            ),
            RetryRule(
                exception=AlreadyRunningError,
                action=RetryAction.RETRY,
                retry_delay=timedelta(seconds=20),
                reason="An earlier try still holds the run and is about to be ended.",
            ),
            *RETRY_POLICY.rules,
        ],
        default=RetryAction.FAIL,
    ),
}


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
