"""The real chain in a real Airflow: sandbox, scheduler, DAG processor, triggerer and API server as processes."""

import json
import time
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import psutil
import pytest
from slack_sdk import WebClient

from include.alerts.delivery import undelivered
from include.config.settings import Settings
from include.core.files import read_json
from include.features.dataset import load_dataset
from include.lake.lake import Lake
from include.orchestration.airflow_api import FINISHED
from include.orchestration.chain import DAGS, SCHEDULED, Chain
from include.orchestration.links import Links
from include.orchestration.stack import Stack
from include.orchestration.summary import Summary, summarise
from include.training.runs import all_runs
from tests.support.stack import deployment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "OGN/USDT:USDT", "1000PEPE/USDT:USDT")


class Driven(NamedTuple):
    """Two drives of the chain, four hours of virtual time apart."""

    settings: Settings
    stack: Stack
    first: Summary
    second: Summary
    second_chain: Chain


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driven]:
    home = tmp_path_factory.mktemp("deployment")
    with deployment(home, PERPETUA_UNIVERSE=",".join(SYMBOLS)) as settings:
        with Stack.running(settings) as stack:
            first = drive(stack, settings)
            httpx.post(f"{settings.sandbox_url}/sandbox/advance", json={"by": "4h"}).raise_for_status()
            second = drive(stack, settings)
            pids = stack.pids()
            yield Driven(settings, stack, summarise(settings, first), summarise(settings, second), second)
        assert not [pid for pid in pids.values() if psutil.pid_exists(pid)]


def drive(stack: Stack, settings: Settings) -> Chain:
    chain = Chain(stack, settings, lambda _stages: None)
    chain.drive()
    return chain


def threads(settings: Settings) -> dict[str, list[dict]]:
    """Return every thread by the key of its first message, that message first."""
    client = WebClient(token="xoxb-reader", base_url=f"{settings.sandbox_url}/api/")
    name = settings.slack_channel
    shown = client.conversations_history(channel=name, include_all_metadata=True)["messages"]
    first = {message["metadata"]["event_payload"]["key"]: message["ts"] for message in shown}
    return {key: client.conversations_replies(channel=name, ts=ts)["messages"] for key, ts in first.items()}


def test_every_stage_of_the_chain_succeeds(driven: Driven) -> None:
    assert [stage.dag_id for stage in driven.second_chain.stages] == list(DAGS)
    assert all(stage.is_done for stage in driven.second_chain.stages)


def test_candles_of_every_symbol_reach_the_lake(driven: Driven) -> None:
    candles = Lake(driven.settings.home.lake).read("candles", columns=["symbol", "open_time", "known_at"])
    assert set(candles["symbol"]) == set(SYMBOLS)
    assert (candles["known_at"] - candles["open_time"]).dt.total_seconds().unique().tolist() == [4 * 3600]
    assert driven.first.candles == 2200 * len(SYMBOLS)


def test_the_second_run_fetches_only_what_is_new(driven: Driven) -> None:
    assert driven.second.new_candles == len(SYMBOLS)
    assert driven.second.candles == driven.first.candles + len(SYMBOLS)


def test_the_model_was_trained_on_the_frozen_dataset(driven: Driven) -> None:
    run = read_json(driven.settings.home.run(driven.first.run_id) / "run.json")
    dataset = load_dataset(driven.settings.home.dataset(run["dataset_id"]))
    assert run["timesteps"] >= 20_480
    assert tuple(run["features"]) == dataset.info.features
    assert set(dataset.info.symbols) == set(SYMBOLS)


def test_each_revalidation_leaves_six_gates_and_a_decision_that_follows_from_them(driven: Driven) -> None:
    results = sorted(driven.settings.home.revalidation("x").parent.glob("*/revalidation_result.json"))
    assert len(results) == 2
    for file in results:
        result = json.loads(file.read_text(encoding="utf-8"))
        passed = [gate["passed"] for gate in result["gates"]["results"]]
        assert len(passed) == 6
        assert result["decision"] == ("GO" if sum(passed) >= 5 else "PARTIAL-GO" if sum(passed) == 4 else "NO-GO")
        assert {path.name for path in file.parent.iterdir()} >= {
            "revalidation_result.md",
            "revalidation_result.html",
            "equity.png",
        }


def test_slack_tells_the_training_the_standup_and_the_verdict(driven: Driven) -> None:
    told = {key: [message["text"] for message in thread] for key, thread in threads(driven.settings).items()}
    run = told[f"thread:run:{driven.first.run_id}"]
    assert run[0].startswith("Training started")
    assert run[1].startswith("Training finished")
    assert any(text.startswith(driven.first.decision) for text in run[2:])
    days = [text for key, texts in told.items() if key.startswith("thread:day:") for text in texts]
    for wanted in ("Pre-training checklist", "Morning standup"):
        assert any(wanted in text for text in days), (wanted, days)
    assert undelivered(driven.settings.home) == []


def test_the_links_of_the_closing_table_open(driven: Driven) -> None:
    links = Links(driven.settings)
    report = httpx.get(driven.first.report)
    assert report.status_code == 200
    assert driven.first.decision in report.text
    assert httpx.get(links.data_quality).status_code == 200
    assert httpx.get(links.slack or "").status_code == 200
    assert driven.first.run_id in httpx.get(f"{links.airflow}/perpetua/").text


def test_a_bad_trigger_is_refused_by_field_name(driven: Driven) -> None:
    token = httpx.get(f"{driven.settings.airflow_url}/auth/token").json()["access_token"]
    for dag_id, conf, field in (
        ("train_ppo", {"steps": 0}, "steps"),
        ("train_ppo", {"seeds": [1, 1]}, "seeds"),
        ("train_ppo", {"overrides": "gates=none"}, "overrides"),
        ("train_ppo", {"resume": "../../etc/passwd"}, "resume"),
        ("revalidate_model", {"run": "../../etc/passwd"}, "run"),
        ("market_data", {"symbols": "BTC; rm -rf /"}, "symbols"),
        ("training_checks", {"slot": "lunch"}, "slot"),
        ("train_ppo", {"engine": "steam"}, "engine"),
        ("train_ppo", {"preset": "nonsense"}, "preset"),
        ("backfill", {"start": "yesterday"}, "start"),
        ("backfill", {"series": "candles; rm"}, "series"),
        ("revalidation_day", {"step": "lunch"}, "step"),
        ("cross_validate", {"folds": 0}, "folds"),
    ):
        answer = httpx.post(
            f"{driven.settings.airflow_url}/api/v2/dags/{dag_id}/dagRuns",
            json={"logical_date": None, "conf": conf},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 400
        assert field in answer.json()["detail"]


def test_a_second_request_for_a_training_under_way_is_refused_and_yields_no_second_run(driven: Driven) -> None:
    with httpx.Client(base_url=driven.settings.airflow_url, timeout=30) as client:
        token = client.get("/auth/token").json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"

        def trigger(run_id: str) -> httpx.Response:
            body = {"dag_run_id": run_id, "logical_date": None, "conf": {"seeds": [77], "steps": 4_096}}
            return client.post("/api/v2/dags/train_ppo/dagRuns", json=body)

        def states(run_id: str) -> dict[str, str | None]:
            tasks = client.get(f"/api/v2/dags/train_ppo/dagRuns/{run_id}/taskInstances").json()["task_instances"]
            return {task["task_id"]: task["state"] for task in tasks}

        # two clicks; the very same request is refused by Airflow itself
        assert [trigger(run_id).status_code for run_id in ("click-1", "click-2", "click-1")] == [200, 200, 409]
        deadline = time.monotonic() + 240
        while not all(_ended(client, run_id) for run_id in ("click-1", "click-2")):
            assert time.monotonic() < deadline
            time.sleep(0.5)
        outcomes = sorted(states(run_id)["dataset.freeze_dataset"] or "" for run_id in ("click-1", "click-2"))
        assert outcomes == ["failed", "success"]
        refused = next(
            run_id for run_id in ("click-1", "click-2") if states(run_id)["dataset.freeze_dataset"] == "failed"
        )
        logs = driven.settings.home.airflow / "logs" / "dag_id=train_ppo" / f"run_id={refused}"
        log = next(logs.glob("task_id=dataset.freeze_dataset/*.log")).read_text(encoding="utf-8")
        assert "was asked for already, by the DAG run" in log
    assert len([run for run in all_runs(driven.settings.home, "phase4") if run.seed == 77]) == 1


def _ended(client: httpx.Client, run_id: str) -> bool:
    return client.get(f"/api/v2/dags/train_ppo/dagRuns/{run_id}").json()["state"] in FINISHED


def test_schedules_are_on_after_the_chain(driven: Driven) -> None:
    token = httpx.get(f"{driven.settings.airflow_url}/auth/token").json()["access_token"]
    dags = httpx.get(f"{driven.settings.airflow_url}/api/v2/dags", headers={"Authorization": f"Bearer {token}"}).json()[
        "dags"
    ]
    assert {dag["dag_id"]: dag["is_paused"] for dag in dags} == dict.fromkeys(SCHEDULED, False)
