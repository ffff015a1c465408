"""A real scheduler fires a fixed time exactly once, and the checks at their slots."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from include.config.files import CAMPAIGN
from include.orchestration.airflow_api import FINISHED
from include.orchestration.defaults import POOLS
from include.orchestration.stack import Stack
from tests.support.stack import deployment

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]


def campaign(target: Path, event: datetime) -> Path:
    document = yaml.safe_load(CAMPAIGN.read_text(encoding="utf-8"))
    document["schedules"] = {"revalidate_model": [event], "training_checks": "* * * * *"}
    target.write_text(yaml.safe_dump(document), encoding="utf-8")
    return target


def test_a_fixed_time_two_minutes_ahead_fires_once_and_the_checks_at_every_slot(tmp_path: Path) -> None:
    event = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=2)
    file = campaign(tmp_path / "campaign.yaml", event)
    with (
        deployment(tmp_path / "home", PERPETUA_CAMPAIGN=str(file), PERPETUA_UNIVERSE="BTC/USDT:USDT") as settings,
        Stack.running(settings) as stack,
    ):
        api = stack.api
        for pool, description in POOLS.items():
            api.ensure_pool(pool.value, 1, description)
        while not {"revalidate_model", "training_checks"} <= api.dag_ids():
            time.sleep(0.5)
        for dag_id in ("revalidate_model", "training_checks"):
            api.unpause(dag_id)
        while datetime.now(UTC) < event + timedelta(seconds=75):
            stack.require_alive()
            time.sleep(1)

        fired = api.runs("revalidate_model")
        assert [datetime.fromisoformat(run["logical_date"]) for run in fired] == [event]
        assert fired[0]["run_type"] == "scheduled"
        tasks = {task["task_id"]: task["state"] for task in api.tasks("revalidate_model", fired[0]["dag_run_id"])}
        # there is no trained model yet: the scheduled task skips with its reason instead of failing
        assert tasks["evaluation.revalidate"] == "skipped"

        slots = [run for run in api.runs("training_checks") if run["state"] in FINISHED]
        minutes = [datetime.fromisoformat(run["logical_date"]) for run in slots]
        assert len(minutes) >= 2
        assert len(set(minutes)) == len(minutes)
        assert {run["state"] for run in slots} == {"success"}
