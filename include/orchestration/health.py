"""Says whether one part of a deployment of several machines is healthy: `python -m include.orchestration.health PART`.

Small imports only: it runs every few seconds beside each part.
"""

import json
import os
import socket
import sys
from urllib.request import urlopen

JOBS = {
    "api-server": "metadatabase",
    "scheduler": "scheduler",
    "dag-processor": "dag_processor",
    "triggerer": "triggerer",
}
ANSWER_SECONDS = 5.0


def is_healthy(part: str) -> bool:
    """Return True when `part` is: a job by its heartbeat as the API server tells it, any other name a Celery worker.

    The environment says where to ask, as it does to Airflow itself. A worker is called `part`@host of this machine.
    """
    return _job_is_healthy(JOBS[part]) if part in JOBS else _worker_answers(f"{part}@{socket.gethostname()}")


def _job_is_healthy(job: str) -> bool:
    server = os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].removesuffix("/execution/")
    with urlopen(f"{server}/api/v2/monitor/health", timeout=ANSWER_SECONDS) as answer:  # noqa: S310  # from our own environment
        status = json.load(answer)[job]["status"]
    return bool(status == "healthy")


def _worker_answers(name: str) -> bool:
    from celery import Celery

    broker = Celery(broker=os.environ["AIRFLOW__CELERY__BROKER_URL"])
    return bool(broker.control.ping(destination=[name], timeout=ANSWER_SECONDS, limit=1))


if __name__ == "__main__":
    sys.exit(0 if is_healthy(sys.argv[1]) else 1)
