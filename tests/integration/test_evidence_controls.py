"""Two models of known worth through the real DAG: one that sees the future, one that knows nothing."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from include.config.settings import Settings
from include.features.dataset import Dataset
from include.orchestration.chain import AWAITING
from include.orchestration.defaults import POOLS
from include.orchestration.stack import Stack
from include.reporting.decision_bundle import require_intact
from include.reporting.verdict import read_result
from tests.support.controls import SYMBOLS, Layers, foreseen_market, seer
from tests.support.datasets import dataset_of, martingale, write_dataset
from tests.support.models import plant
from tests.support.stack import deployment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

LEAKED, SKILL_LESS = "leaked", "skill-less"


def named(dataset: Dataset, dataset_id: str) -> Dataset:
    return Dataset(dataset.info.model_copy(update={"id": dataset_id}), dataset.series)


def by_chance(features: int, seed: int) -> Layers:
    """Layers as a training begins with, and trades by: what they decide follows from noise."""
    rng = np.random.default_rng(seed)
    shapes = ((8, features + 10), (8, 8), (5, 8))
    return tuple((rng.normal(0, 1, shape).astype(np.float32), np.zeros(shape[0], np.float32)) for shape in shapes)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Settings]]:
    with deployment(tmp_path_factory.mktemp("home"), PERPETUA_UNIVERSE=",".join(SYMBOLS)) as settings:
        foreseen = named(foreseen_market(), "1" * 16)
        noise = named(dataset_of(*(martingale(s, 1_600, seed) for seed, s in enumerate(SYMBOLS, start=20))), "2" * 16)
        for run_id, market, layers in ((LEAKED, foreseen, seer(3)), (SKILL_LESS, noise, by_chance(3, seed=7))):
            plant(settings, write_dataset(market, settings.home.dataset(market.info.id)), run_id, layers)
        with Stack.running(settings) as running:
            for pool, description in POOLS.items():
                running.api.ensure_pool(pool.value, 1, description)
            wait(lambda: "revalidate_model" in running.api.dag_ids())
            running.api.unpause("revalidate_model")
            yield running, settings


def wait(condition: Callable[[], bool], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_a_model_that_sees_the_future_is_go_on_sufficient_evidence(stack: tuple[Stack, Settings]) -> None:
    running, settings = stack
    running.api.trigger("revalidate_model", LEAKED, {"run": LEAKED})

    def states() -> dict[str, str | None]:
        return {task["task_id"]: task["state"] for task in running.api.tasks("revalidate_model", LEAKED)}

    wait(lambda: states().get("decision.go") == AWAITING)
    verdict = running.api.returned("revalidate_model", LEAKED, "evaluation.revalidate")
    assert (verdict["decision"], verdict["evidence"], verdict["reasons"]) == ("GO", "sufficient", [])
    folder = settings.home.revalidation(verdict["id"])
    require_intact(folder)
    evidence = read_result(folder).evidence
    assert evidence.p_value == 1 / (1 + evidence.shifts)
    assert evidence.gates_rate.share == 0.0


def test_a_model_without_skill_has_no_sufficient_evidence(stack: tuple[Stack, Settings]) -> None:
    running, settings = stack
    running.api.trigger("revalidate_model", SKILL_LESS, {"run": SKILL_LESS})
    wait(lambda: running.api.run("revalidate_model", SKILL_LESS)["state"] in ("success", "failed"))
    verdict = running.api.returned("revalidate_model", SKILL_LESS, "evaluation.revalidate")
    assert (verdict["decision"], verdict["evidence"]) == ("NO-GO", "insufficient")
    result = read_result(settings.home.revalidation(verdict["id"]))
    assert result.trades >= 30
    assert any("other times score as well" in reason for reason in result.evidence.reasons)
