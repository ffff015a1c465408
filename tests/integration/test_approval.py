"""Verdicts in a real Airflow with real users: the right one is asked, and what the person answers is what happens."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import numpy as np
import pytest

from include.config.settings import Settings
from include.core.files import read_json
from include.features.dataset import Dataset
from include.orchestration.chain import AWAITING
from include.orchestration.defaults import POOLS
from include.orchestration.links import QUESTIONS
from include.orchestration.stack import Stack, passwords
from include.reporting.decision_bundle import read_approvals
from include.reporting.sign_offs import newest_of, sign_offs
from include.training.champion import read_champion
from tests.support.controls import Layers
from tests.support.datasets import dataset_of, series_from_closes, write_dataset
from tests.support.models import plant
from tests.support.slack import told
from tests.support.stack import deployment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "XRP/USDT:USDT")
OPEN_LONG = 1
# mean and deviation of a candle's return, and what they make of a model that always buys
MARKETS = {"GO": (0.002, 0.006), "PARTIAL-GO": (0.0012, 0.02), "NO-GO": (0.001, 0.02)}
PEOPLE = "anna:admin,ben:user,carl:user,dora:viewer"


class Desk(NamedTuple):
    """The stack, and the people at it."""

    stack: Stack
    settings: Settings

    def ask(self, run_id: str, decision: str) -> dict[str, Any]:
        """Revalidate, wait until the question stands, and return the verdict."""
        self.stack.api.trigger("revalidate_model", run_id, {"run": decision})
        wait(lambda: self.states(run_id).get(f"decision.{QUESTIONS[decision]}") == AWAITING)
        time.sleep(10)  # on a busy machine an answer in the first seconds of waiting fails the task in Airflow 3.3.2
        verdict = self.stack.api.returned("revalidate_model", run_id, "evaluation.revalidate")
        assert verdict["decision"] == decision
        return dict(verdict)

    def answer(self, run_id: str, decision: str, option: str, who: str = "carl", reason: str = "") -> httpx.Response:
        task = f"dags/revalidate_model/dagRuns/{run_id}/taskInstances/decision.{QUESTIONS[decision]}/-1/hitlDetails"
        return httpx.patch(
            f"{self.settings.airflow_url}/api/v2/{task}",
            json={"chosen_options": [option], "params_input": {"reason": reason}},
            headers={"Authorization": f"Bearer {self.token(who)}"},
        )

    def token(self, who: str, password: str | None = None) -> str:
        body = {"username": who, "password": password or passwords(self.settings)[who]}
        answered = httpx.post(f"{self.settings.airflow_url}/auth/token", json=body)
        return str(answered.raise_for_status().json()["access_token"])

    def end(self, run_id: str, state: str = "success") -> None:
        wait(lambda: self.stack.api.run("revalidate_model", run_id)["state"] == state)

    def states(self, run_id: str) -> dict[str, str | None]:
        return {task["task_id"]: task["state"] for task in self.stack.api.tasks("revalidate_model", run_id)}


def market(symbol: str, seed: int, drift: float, deviation: float) -> Any:
    steps = np.random.default_rng(seed).normal(drift, deviation, 1_600)
    return series_from_closes(symbol, 100 * np.exp(np.cumsum(steps)), spread=0.001)


def always_long(inputs: int) -> Layers:
    """Layers whose only opinion is their bias: buy whenever it is possible."""
    shapes = ((4, inputs), (4, 4), (5, 4))
    first, second, (logits, bias) = ((np.zeros(shape, np.float32), np.zeros(shape[0], np.float32)) for shape in shapes)
    bias[OPEN_LONG] = 1.0
    return first, second, (logits, bias)


def prepare(settings: Settings) -> None:
    for number, (decision, (drift, deviation)) in enumerate(MARKETS.items()):
        dataset = dataset_of(*(market(symbol, seed, drift, deviation) for seed, symbol in enumerate(SYMBOLS)))
        info = dataset.info.model_copy(update={"id": f"{number:016x}"})
        dataset = write_dataset(Dataset(info, dataset.series), settings.home.dataset(info.id))
        plant(settings, dataset, decision, always_long(len(dataset.info.features) + 10))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    changes = {
        "PERPETUA_UNIVERSE": ",".join(SYMBOLS),
        "PERPETUA_USERS": PEOPLE,
        "PERPETUA_APPROVERS": "carl",
    }
    with deployment(tmp_path_factory.mktemp("home"), **changes) as settings:
        prepare(settings)
        with Stack.running(settings) as stack:
            for pool, description in POOLS.items():
                stack.api.ensure_pool(pool.value, 1, description)
            wait(lambda: {"revalidate_model", "train_ppo"} <= stack.api.dag_ids())
            stack.api.unpause("revalidate_model")
            yield Desk(stack, settings)


def wait(condition: Any, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_a_go_waits_for_its_approver_and_the_answer_is_what_happens(desk: Desk) -> None:
    verdict = desk.ask("first", "GO")
    # one that waits does not hold up the next, and the same verdict is not asked about twice at once
    desk.stack.api.trigger("revalidate_model", "again", {"run": "GO"})
    desk.end("again")
    assert {desk.states("again")[f"decision.{name}"] for name in ("go", "record", "promote")} == {"skipped"}
    assert desk.states("first")["decision.go"] == AWAITING
    home = desk.settings.home
    assert read_champion(home, "phase4") is None

    assert desk.answer("first", "GO", "Retrain").status_code == 400
    assert desk.answer("first", "GO", "Approve", who="ben", reason="mine").status_code == 403
    assert desk.answer("first", "GO", "Approve", who="anna", reason="mine").status_code == 403
    assert desk.answer("first", "GO", "Approve", who="dora", reason="mine").status_code == 403
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        desk.token("carl", "guessed")
    assert read_champion(home, "phase4") is None

    assert desk.answer("first", "GO", "Reject").status_code == 200
    desk.end("first")
    assert desk.states("first")["decision.promote"] == "skipped"
    assert read_champion(home, "phase4") is None
    bundle = home.revalidation(verdict["id"])
    (rejected,) = read_approvals(bundle)
    assert (rejected.answer, rejected.answered_by) == ("reject", "carl")

    # a model that opens once and never lets go has too few trades to believe in: that wants a reason
    assert verdict["evidence"] == "insufficient"
    desk.ask("unreasoned", "GO")
    assert desk.answer("unreasoned", "GO", "Approve").status_code == 200
    desk.end("unreasoned", "failed")
    assert read_champion(home, "phase4") is None

    reason = "the market rises by construction"
    desk.ask("second", "GO")
    assert desk.answer("second", "GO", "Approve", reason=reason).status_code == 200
    desk.end("second")
    champion = read_champion(home, "phase4")
    assert champion is not None
    result = read_json(home.revalidation(champion.revalidation_id) / "revalidation_result.json")
    assert (champion.run_id, champion.decision, champion.approved_by) == ("GO", result["decision"], "carl")
    assert [(one.answer, one.reason) for one in read_approvals(bundle)][-1] == ("approve", reason)
    signed = newest_of(sign_offs(home, desk.settings.campaign.name), "cto_decision")
    assert signed is not None
    assert (signed.status, signed.signed_by) == ("done", "carl")
    assert any("Approved · phase4 GO" in text and reason in text for text in told(desk.settings))

    assert desk.answer("second", "GO", "Reject").status_code == 409


def test_a_partial_go_can_be_sent_back_to_training(desk: Desk) -> None:
    before = read_champion(desk.settings.home, "phase4")
    verdict = desk.ask("partial", "PARTIAL-GO")
    assert desk.states("partial")["decision.go"] == "skipped"
    assert desk.answer("partial", "PARTIAL-GO", "Retrain", reason="too long runs of losses").status_code == 200
    desk.end("partial")
    assert desk.states("partial")["decision.promote"] == "skipped"
    assert read_champion(desk.settings.home, "phase4") == before
    retraining = desk.stack.api.run("train_ppo", "retrain__partial")
    assert (retraining["conf"]["system"], retraining["conf"]["preset"]) == ("phase4", verdict["preset"])
    assert verdict["preset"] == "tight_stop"
    assert [one.answer for one in read_approvals(desk.settings.home.revalidation(verdict["id"]))] == ["retrain"]
    assert any("To be retrained" in text and "tight_stop" in text for text in told(desk.settings))


def test_a_no_go_asks_nobody_and_names_the_preset_to_retrain_with(desk: Desk) -> None:
    desk.stack.api.trigger("revalidate_model", "refused", {"run": "NO-GO"})
    desk.end("refused")
    states = desk.states("refused")
    assert {states[f"decision.{name}"] for name in ("go", "partial_go", "record", "promote", "announce_answer")} == {
        "skipped"
    }
    verdict = next(text for text in told(desk.settings) if "NO-GO · phase4" in text)
    assert "tight_stop" in verdict
    assert f"{desk.settings.airflow_url}/dags/train_ppo" in verdict


def test_a_result_that_was_edited_while_it_waited_is_not_promoted(desk: Desk) -> None:
    before = read_champion(desk.settings.home, "phase4")
    verdict = desk.ask("edited", "GO")
    file = desk.settings.home.revalidation(verdict["id"]) / "revalidation_result.json"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace('"decision": "', '"decision":  "'), encoding="utf-8")
    assert desk.answer("edited", "GO", "Approve", reason="edited").status_code == 200
    desk.end("edited", "failed")
    assert desk.states("edited")["decision.record"] == "failed"
    file.write_text(whole, encoding="utf-8")
    assert read_champion(desk.settings.home, "phase4") == before
