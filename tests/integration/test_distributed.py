"""The chain on the services of `docker-compose.yaml`, each a process of this machine (`make test-distributed`)."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from include.config.secrets_file import complete, read
from include.config.settings import PREFIX, Settings, load_settings
from include.config.users import parse_passwords
from include.core.errors import PerpetuaError
from include.core.files import read_json
from include.orchestration.airflow_api import FINISHED
from include.orchestration.chain import AWAITING, DAGS, Chain, Stage
from include.orchestration.links import QUESTIONS
from include.training.champion import read_champion
from tests.integration.test_approval import prepare as plant_runs
from tests.support.distributed import PARTS, Distributed

pytestmark = [pytest.mark.integration, pytest.mark.distributed, pytest.mark.timeout(1500)]

# the first page of a busy machine takes its time
get, post, patch = (partial(ask, timeout=120) for ask in (httpx.get, httpx.post, httpx.patch))

SYMBOLS = (
    "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "XRP/USDT:USDT", "BNB/USDT:USDT", "ADA/USDT:USDT",
)  # fmt: skip


class Ran(NamedTuple):
    """The deployment after the chain."""

    deployment: Distributed
    settings: Settings
    passwords: dict[str, str]
    chain: Chain
    tasks: list[dict[str, Any]]


class Killer:
    """Ends the training with SIGKILL, once, when its first checkpoint lies on the disk."""

    def __init__(self, deployment: Distributed, settings: Settings) -> None:
        self._deployment, self._settings = deployment, settings
        self.killed: int | None = None

    def __call__(self, stages: list[Stage]) -> None:
        stage = next(stage for stage in stages if stage.dag_id == "train_ppo")
        if self.killed or not stage.run_id or not any(self._settings.home.runs.glob("*/checkpoints/step_*")):
            return
        for task in self._deployment.api.tasks(stage.dag_id, stage.run_id):
            if task["task_id"] == "training.train" and task["state"] == "running" and task["pid"]:
                with suppress(ProcessLookupError):
                    os.kill(task["pid"], signal.SIGKILL)
                    self.killed = task["pid"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    home = tmp_path_factory.mktemp("deployment") / "home"
    file = home.parent / "env"
    complete(file)
    values = read(file) | {"PERPETUA_UNIVERSE": ",".join(SYMBOLS)}
    started = time.monotonic()
    with Distributed.running(home, values) as deployment, pytest.MonkeyPatch.context() as changes:
        print(f"\nup and healthy after {time.monotonic() - started:.0f} s")
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            changes.delenv(name)
        for name, value in deployment.environment("worker").items():
            if name.startswith(PREFIX):
                changes.setenv(name, value)
        settings = load_settings()
        passwords = parse_passwords(values["PERPETUA_PASSWORDS"])
        deployment.api.log_in("admin", passwords["admin"])
        chain = Chain(deployment, settings, Killer(deployment, settings))  # type: ignore[arg-type]  # no local stack
        driven = time.monotonic()
        try:
            chain.drive()
        finally:
            tasks = [task for stage in chain.stages for task in finished(deployment, stage)]
            show(tasks)
        memory = deployment.memory_mib()
        print(f"chain {time.monotonic() - driven:.0f} s; memory {sum(memory.values()):,.0f} MiB:", end=" ")
        print(", ".join(f"{part} {mib:,.0f}" for part, mib in memory.items()))
        yield Ran(deployment, settings, passwords, chain, tasks)


def finished(deployment: Distributed, stage: Stage) -> list[dict[str, Any]]:
    tasks = deployment.api.tasks(stage.dag_id, stage.run_id) if stage.run_id else []
    return sorted((task for task in tasks if task["start_date"]), key=lambda task: str(task["start_date"]))


def show(tasks: list[dict[str, Any]]) -> None:
    print(f"{'task':44} {'worker':8} {'queue':9} {'try':>3} {'state':8} {'seconds':>7}")
    for task in tasks:
        name = f"{task['dag_id']}.{task['task_id']}"
        seconds = f"{task['duration'] or 0:7.1f}"
        print(f"{name:44} {task['hostname']:8} {task['queue']:9} {task['try_number']:3} {task['state']:8} {seconds}")


def test_every_stage_ends_and_each_queue_runs_on_its_own_worker(ran: Ran) -> None:
    assert [stage.dag_id for stage in ran.chain.stages if stage.is_done] == list(DAGS)
    work = [task for task in ran.tasks if task["state"] == "success"]
    assert {(task["queue"], task["hostname"]) for task in work} == {("default", "worker"), ("training", "trainer")}
    trained = {task["task_id"] for task in work if task["hostname"] == "trainer"}
    assert trained == {"training.train", "evaluation.revalidate"}


def test_a_training_that_was_killed_went_on_from_its_checkpoint(ran: Ran) -> None:
    train = next(task for task in ran.tasks if task["task_id"] == "training.train")
    assert train["try_number"] == 2
    run = read_json(ran.settings.home.run(ran.chain.trained_run) / "run.json")
    assert run["timesteps"] >= 20_480
    assert len(run["attempts"]) == 2


def test_the_verdict_stands_with_its_six_gates(ran: Ran) -> None:
    verdict = ran.chain.returned("revalidate_model", "evaluation.revalidate")
    result = read_json(ran.settings.home.revalidation(verdict["id"]) / "revalidation_result.json")
    assert result["decision"] == verdict["decision"] in ("GO", "PARTIAL-GO", "NO-GO")
    assert len(result["gates"]["results"]) == 6


def test_the_mirror_holds_the_run_and_answers_to_its_own_name_only(ran: Ran) -> None:
    url = f"{ran.deployment.mlflow_url}/api/2.0/mlflow/experiments/search"
    found = post(url, json={"max_results": 10})
    names = {experiment["name"]: experiment["experiment_id"] for experiment in found.json()["experiments"]}
    runs = post(
        f"{ran.deployment.mlflow_url}/api/2.0/mlflow/runs/search", json={"experiment_ids": list(names.values())}
    ).json()["runs"]
    assert ran.chain.trained_run in {run["info"]["run_name"] for run in runs}
    assert post(url, json={"max_results": 1}, headers={"Host": "evil.example"}).status_code == 403


def test_nobody_gets_in_without_a_login(ran: Ran) -> None:
    url = ran.deployment.url
    assert get(f"{url}/api/v2/dags").status_code == 401
    assert get(f"{url}/auth/token").status_code >= 400
    assert post(f"{url}/auth/token", json={"username": "cto", "password": "wrong"}).status_code == 401
    page = get(f"{url}/perpetua/")
    assert page.is_redirect
    assert "login" in page.headers["location"]


@pytest.mark.parametrize("part", ["postgres", "redis"])
def test_database_and_broker_want_their_password(ran: Ran, part: str) -> None:
    assert ran.deployment.refuses(part)


def test_each_person_may_do_what_the_role_says(ran: Ran) -> None:
    api = ran.deployment.api
    api.log_in("ml", ran.passwords["ml"])
    assert set(DAGS) <= api.dag_ids()
    assert api.trigger("training_checks", "by_hand", {"system": ran.settings.system, "slot": "standup"}) == "by_hand"
    with pytest.raises(PerpetuaError, match="403"):
        api.ensure_pool("training", 9, "more at once")
    api.log_in("cto", ran.passwords["cto"])
    assert api.run("training_checks", "by_hand")["dag_run_id"] == "by_hand"


def test_the_desk_opens_to_who_is_logged_in(ran: Ran) -> None:
    page = get(f"{ran.deployment.url}/perpetua/", headers=bearer(ran, "ml"))
    assert page.status_code == 200
    assert ran.chain.trained_run in page.text
    # and stands in the navigation, as do the approvals that wait
    plugins = get(f"{ran.deployment.url}/api/v2/plugins", headers=bearer(ran, "ml"))
    assert "perpetua" in {plugin["name"] for plugin in plugins.json()["plugins"]}
    menus = get(f"{ran.deployment.url}/ui/auth/menus", headers=bearer(ran, "cto"))
    assert "Required Actions" in menus.json()["authorized_menu_items"]


def test_the_approver_alone_may_promote_and_what_is_answered_happens(ran: Ran) -> None:
    plant_runs(ran.settings)
    api, question = ran.deployment.api, QUESTIONS["GO"]
    api.log_in("ml", ran.passwords["ml"])
    api.trigger("revalidate_model", "asked", {"run": "GO"})
    deadline = time.monotonic() + 300
    while states(ran, "asked").get(f"decision.{question}") != AWAITING:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    time.sleep(10)  # on a busy machine an answer in the first seconds of waiting fails the task in Airflow 3.3.2
    run = f"{ran.deployment.url}/api/v2/dags/revalidate_model/dagRuns/asked"
    url = f"{run}/taskInstances/decision.{question}/-1/hitlDetails"
    answer = {"chosen_options": ["Approve"], "params_input": {"reason": "the market rises by construction"}}
    assert patch(url, json=answer, headers=bearer(ran, "ml")).status_code == 403
    assert patch(url, json=answer, headers=bearer(ran, "admin")).status_code == 403
    assert patch(url, json=answer, headers=bearer(ran, "cto")).status_code == 200
    while api.run("revalidate_model", "asked")["state"] not in FINISHED:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    champion = read_champion(ran.settings.home, ran.settings.system)
    assert champion is not None
    assert (champion.run_id, champion.approved_by) == ("GO", "cto")


def states(ran: Ran, run_id: str) -> dict[str, str | None]:
    return {task["task_id"]: task["state"] for task in ran.deployment.api.tasks("revalidate_model", run_id)}


def bearer(ran: Ran, who: str) -> dict[str, str]:
    person = {"username": who, "password": ran.passwords[who]}
    answered = post(f"{ran.deployment.url}/auth/token", json=person).raise_for_status()
    return {"Authorization": f"Bearer {answered.json()['access_token']}"}


@pytest.mark.parametrize("part", PARTS)
def test_every_health_check_of_the_file_passes(ran: Ran, part: str) -> None:
    assert ran.deployment.is_healthy(part)


def test_a_dead_worker_is_told_by_its_health_check(ran: Ran) -> None:
    pid = ran.deployment.pids()["worker"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert not ran.deployment.is_healthy("worker")
        assert ran.deployment.is_healthy("trainer")
    finally:
        os.kill(pid, signal.SIGCONT)


def test_no_file_of_the_home_names_a_secret_in_its_log(ran: Ran) -> None:
    logs = [path for path in Path(ran.settings.home.root).rglob("*.log") if path.is_file()]
    assert logs
    for path in logs:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not [name for name, password in ran.passwords.items() if password in text], path
