"""A cross-validation through a real Airflow: the form, one mapped training a fold, the paths, the report, Slack."""

import time
from pathlib import Path

import httpx
import pytest

from include.config.settings import Settings
from include.orchestration.defaults import POOLS
from include.orchestration.stack import Stack
from include.reporting.cross_validation_result import read_cross_validation
from tests.support.datasets import dataset_of, martingale, write_dataset
from tests.support.stack import deployment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
DATASET = "0" * 16


def prepare(settings: Settings) -> None:
    dataset = dataset_of(*(martingale(symbol, 2_000, seed) for seed, symbol in enumerate(SYMBOLS)))
    write_dataset(dataset, settings.home.dataset(DATASET))


def test_a_form_becomes_one_training_a_fold_and_a_report(tmp_path: Path) -> None:
    with deployment(tmp_path, PERPETUA_UNIVERSE=",".join(SYMBOLS)) as settings:
        prepare(settings)
        with Stack.running(settings) as stack:
            for pool, description in POOLS.items():
                stack.api.ensure_pool(pool.value, 1, description)
            await_(lambda: "cross_validate" in stack.api.dag_ids())
            stack.api.unpause("cross_validate")
            with pytest.raises(Exception, match="folds"):
                stack.api.trigger("cross_validate", "bad", {"folds": 0})
            asked = {"dataset": DATASET, "steps": 2_048, "folds": 2, "seed": 5}
            stack.api.trigger("cross_validate", "first", asked)
            await_(lambda: stack.api.run("cross_validate", "first")["state"] in ("success", "failed"))
            tasks = stack.api.tasks("cross_validate", "first")
            states = [(task["task_id"], task["map_index"], task["state"]) for task in tasks]
            assert sorted(states) == [
                ("announce", -1, "success"), ("collect", -1, "success"), ("fold", 0, "success"),
                ("fold", 1, "success"), ("plan", -1, "success"),
            ]  # fmt: skip
            found = stack.api.returned("cross_validate", "first", "collect")
            result = read_cross_validation(settings.home.cross_validation_report(found["id"]))
            assert [fold.run_id.endswith("-s5") for fold in result.folds] == [True, True]
            assert found["paths"][0]["sharpe"] == result.paths[0].metrics["sharpe"]
            page = httpx.get(found["report"], follow_redirects=True)
            assert page.status_code == 200
            assert "Out of sample" in page.text
            slack = httpx.get(f"{settings.sandbox_url}/slack").text
            assert "Walk-forward of phase4" in slack


def await_(condition: object, seconds: float = 300) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)
