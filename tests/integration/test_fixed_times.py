"""A real scheduler fires every fixed time exactly once: at its time, or late where it has passed."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.config.files import CAMPAIGN
from include.orchestration.airflow_api import FINISHED
from include.orchestration.defaults import POOLS
from include.orchestration.stack import Stack
from tests.support.stack import deployment

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]

MINUTE = timedelta(minutes=1)
DAGS = ("revalidate_model", "training_checks", "revalidation_day")


def soon() -> datetime:
    """Return a whole minute half a minute ahead or more, its morning on the same day.

    A stack is up by then on a machine that has nothing else to do; on a busy one the time has passed, and fires late.
    """
    coming = (datetime.now(UTC) + timedelta(seconds=90)).replace(second=0, microsecond=0)
    morning = coming.replace(hour=0, minute=5)
    return max(coming, morning)


def campaign(target: Path, event: datetime) -> Path:
    """Write a campaign whose day has passed but for its last minute, `event`."""
    times = {name: event - MINUTE * ago for name, ago in
             {"pre_check_at": 4, "report_due": 2, "review_at": 1, "escalation_at": 0}.items()}  # fmt: skip
    document = yaml.safe_load(CAMPAIGN.read_text(encoding="utf-8"))
    checks = {event - MINUTE: "standup", event: "convergence"}
    document["schedules"] = {"revalidate_model": [event - 3 * MINUTE], "training_checks": list(checks)}
    document["check_slots"] = {f"{at:%H:%M}": slot for at, slot in checks.items()}
    document["revalidation"] |= {name: f"{at:%H:%M}" for name, at in times.items()}
    target.write_text(yaml.safe_dump(document), encoding="utf-8")
    return target


def test_the_day_by_the_clock_fires_once_and_in_order(tmp_path: Path) -> None:
    event = soon()
    file = campaign(tmp_path / "campaign.yaml", event)
    with (
        deployment(tmp_path / "home", PERPETUA_CAMPAIGN=str(file), PERPETUA_UNIVERSE="BTC/USDT:USDT") as settings,
        Stack.running(settings) as stack,
    ):
        for pool, description in POOLS.items():
            stack.api.ensure_pool(pool.value, 1, description)
        while not set(DAGS) <= stack.api.dag_ids():
            time.sleep(0.5)
        for dag_id in DAGS:
            stack.api.unpause(dag_id)
        while not all(fired(stack, dag_id, count) for dag_id, count in zip(DAGS, (1, 2, 4), strict=True)):
            stack.require_alive()
            time.sleep(1)

        (judged,) = stack.api.runs("revalidate_model")
        assert instant(judged) == event - 3 * MINUTE
        # there is no trained model yet: the scheduled task skips with its reason instead of failing
        assert states(stack, "revalidate_model", judged)["evaluation.revalidate"] == "skipped"

        checks = sorted(stack.api.runs("training_checks"), key=instant)
        assert [(instant(run), ran(stack, "training_checks", run)) for run in checks] == [
            (event - MINUTE, ["choose_slot", "standup"]),
            (event, ["choose_slot", "convergence"]),
        ]
        steps = sorted(stack.api.runs("revalidation_day"), key=instant)
        assert [(instant(run), ran(stack, "revalidation_day", run)) for run in steps] == [
            (event - 4 * MINUTE, ["choose_step", "pre-revalidation"]),
            (event - 2 * MINUTE, ["choose_step", "decision-report"]),
            (event - MINUTE, ["choose_step", "review"]),
            (event, ["choose_step", "escalation"]),
        ]
        runs = [*checks, *steps, judged]
        assert {run["run_type"] for run in runs} == {"scheduled"}
        assert {run["state"] for run in (*checks, *steps)} == {"success"}
        # what was not yet due was not started before its time
        assert min(datetime.fromisoformat(run["start_date"]) for run in (checks[-1], steps[-1])) >= event


def fired(stack: Stack, dag_id: str, count: int) -> bool:
    return sum(run["state"] in FINISHED for run in stack.api.runs(dag_id)) >= count


def instant(run: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(run["logical_date"])


def states(stack: Stack, dag_id: str, run: dict[str, Any]) -> dict[str, str | None]:
    return {task["task_id"]: task["state"] for task in stack.api.tasks(dag_id, run["dag_run_id"])}


def ran(stack: Stack, dag_id: str, run: dict[str, Any]) -> list[str]:
    return sorted(name for name, state in states(stack, dag_id, run).items() if state == "success")
