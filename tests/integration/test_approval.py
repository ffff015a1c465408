"""A real GO in a real Airflow: it waits for a person, and what the person answers is what happens."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from include.config.settings import Settings
from include.core.files import read_json
from include.orchestration.chain import AWAITING
from include.orchestration.defaults import POOLS
from include.orchestration.stack import Stack
from include.reporting.decision_bundle import read_approvals
from include.training.champion import read_champion
from tests.support.controls import Layers
from tests.support.datasets import dataset_of, series_from_closes, write_dataset
from tests.support.models import plant
from tests.support.stack import deployment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "XRP/USDT:USDT")
RUN = "always-long"
OPEN_LONG = 1


def rising_market(symbol: str, seed: int) -> Any:
    steps = np.random.default_rng(seed).normal(0.002, 0.006, 1_600)
    return series_from_closes(symbol, 100 * np.exp(np.cumsum(steps)), spread=0.001)


def always_long(inputs: int) -> Layers:
    """Layers whose only opinion is their bias: buy whenever it is possible."""
    shapes = ((4, inputs), (4, 4), (5, 4))
    first, second, (logits, bias) = ((np.zeros(shape, np.float32), np.zeros(shape[0], np.float32)) for shape in shapes)
    bias[OPEN_LONG] = 1.0
    return first, second, (logits, bias)


def prepare(settings: Settings) -> None:
    dataset = dataset_of(*(rising_market(symbol, seed) for seed, symbol in enumerate(SYMBOLS)))
    dataset = write_dataset(dataset, settings.home.dataset(dataset.info.id))
    plant(settings, dataset, RUN, always_long(len(dataset.info.features) + 10))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Settings]]:
    with deployment(tmp_path_factory.mktemp("home"), PERPETUA_UNIVERSE=",".join(SYMBOLS)) as settings:
        prepare(settings)
        with Stack.running(settings) as running:
            for pool, description in POOLS.items():
                running.api.ensure_pool(pool.value, 1, description)
            wait(lambda: "revalidate_model" in running.api.dag_ids())
            running.api.unpause("revalidate_model")
            yield running, settings


def wait(condition: Any, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def states(stack: Stack, run_id: str) -> dict[str, str | None]:
    return {task["task_id"]: task["state"] for task in stack.api.tasks("revalidate_model", run_id)}


def answer(settings: Settings, run_id: str, option: str, **fields: str) -> httpx.Response:
    token = httpx.get(f"{settings.airflow_url}/auth/token").json()["access_token"]
    return httpx.patch(
        f"{settings.airflow_url}/api/v2/dags/revalidate_model/dagRuns/{run_id}/taskInstances/decision.approval/-1/hitlDetails",
        json={"chosen_options": [option], "params_input": fields},
        headers={"Authorization": f"Bearer {token}"},
    )


def ask(stack: Stack, run_id: str) -> None:
    stack.api.trigger("revalidate_model", run_id, {"run": RUN})
    wait(lambda: states(stack, run_id).get("decision.approval") == AWAITING)
    time.sleep(3)  # an answer in the first moments of waiting can fail the task in Airflow 3.3.2


def test_a_go_waits_and_what_a_person_answers_is_what_happens(stack: tuple[Stack, Settings]) -> None:
    running, settings = stack
    # two at once: a revalidation that waits does not hold up the next
    ask(running, "first")
    ask(running, "second")
    assert read_champion(settings.home, "phase4") is None

    assert answer(settings, "first", "Maybe").status_code == 400
    assert answer(settings, "first", "Reject").status_code == 200
    wait(lambda: running.api.run("revalidate_model", "first")["state"] == "success")
    assert states(running, "first")["decision.promote"] == "skipped"
    assert read_champion(settings.home, "phase4") is None
    verdict = running.api.returned("revalidate_model", "first", "evaluation.revalidate")
    bundle = settings.home.revalidation(verdict["id"])
    (rejected,) = read_approvals(bundle)
    assert (rejected.answer, bool(rejected.answered_by)) == ("reject", True)

    # a model that opens once and never lets go has too few trades to believe in: that wants a reason
    assert verdict["evidence"] == "insufficient"
    ask(running, "unreasoned")
    assert answer(settings, "unreasoned", "Approve").status_code == 200
    wait(lambda: running.api.run("revalidate_model", "unreasoned")["state"] == "failed")
    assert read_champion(settings.home, "phase4") is None

    assert answer(settings, "second", "Approve", reason="the market rises by construction").status_code == 200
    wait(lambda: running.api.run("revalidate_model", "second")["state"] == "success")
    champion = read_champion(settings.home, "phase4")
    assert champion is not None
    result = read_json(settings.home.revalidation(champion.revalidation_id) / "revalidation_result.json")
    assert (champion.run_id, champion.decision) == (RUN, result["decision"])
    assert result["decision"] in ("GO", "PARTIAL-GO")
    assert champion.approved_by
    assert [(one.answer, one.reason) for one in read_approvals(bundle)][-1] == (
        "approve",
        "the market rises by construction",
    )

    assert answer(settings, "second", "Reject").status_code == 409


def test_a_result_that_was_edited_while_it_waited_is_not_promoted(stack: tuple[Stack, Settings]) -> None:
    running, settings = stack
    before = read_champion(settings.home, "phase4")
    ask(running, "edited")
    verdict = running.api.returned("revalidate_model", "edited", "evaluation.revalidate")
    file = settings.home.revalidation(verdict["id"]) / "revalidation_result.json"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace('"decision": "', '"decision":  "'), encoding="utf-8")
    assert answer(settings, "edited", "Approve", reason="edited").status_code == 200
    wait(lambda: running.api.run("revalidate_model", "edited")["state"] == "failed")
    assert states(running, "edited")["decision.record"] == "failed"
    file.write_text(whole, encoding="utf-8")
    assert read_champion(settings.home, "phase4") == before
