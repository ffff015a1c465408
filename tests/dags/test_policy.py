"""Policy over every DAG: named, owned, documented, typed, retried by exception, parsed without heavy imports."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "dags").glob("*.py"))
EXPECTED = {
    "market_data", "build_features", "train_ppo", "training_checks", "cross_validate", "revalidate_model",
    "revalidation_day", "maintenance", "backfill", "deliver_alerts",
}  # fmt: skip
HEAVY = ("pandas", "numpy", "pyarrow", "ccxt", "pandera", "great_expectations", "torch", "stable_baselines3", "numba")


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process that only parses the DAG files finds."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    command = [sys.executable, str(ROOT / "tests" / "support" / "parse_dags.py"), ",".join(HEAVY), *map(str, FILES)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.split("RESULT")[1])
    return result


def test_the_bag_holds_exactly_the_expected_dags(bag: dict[str, Any]) -> None:
    assert bag["errors"] == {}
    assert set(bag["dags"]) == EXPECTED


def test_the_file_name_is_the_dag_id(bag: dict[str, Any]) -> None:
    assert {dag_id: dag["file"] for dag_id, dag in bag["dags"].items()} == {name: name for name in EXPECTED}


def test_every_dag_documents_itself_and_carries_a_tag(bag: dict[str, Any]) -> None:
    for dag_id, dag in bag["dags"].items():
        assert len(dag["doc"]) > 200, dag_id
        assert dag["tags"], dag_id


def test_parsing_imports_nothing_heavy(bag: dict[str, Any]) -> None:
    assert bag["heavy"] == {name: [] for name in EXPECTED}


def test_one_run_at_a_time_but_for_those_that_people_ask_for(bag: dict[str, Any]) -> None:
    runs = {dag_id: dag["max_active_runs"] for dag_id, dag in bag["dags"].items()}
    # revalidations that wait for an approval must not hold up the next one, and a second request for a training must be
    # refused at once; the pool keeps the work one at a time
    several = {"revalidate_model": 8, "train_ppo": 4}
    assert runs == {name: several.get(name, 1) for name in EXPECTED}


def test_every_task_has_an_owner_and_reports_its_failure(bag: dict[str, Any]) -> None:
    for dag_id, dag in bag["dags"].items():
        for task_id, task in dag["tasks"].items():
            assert task["owner"] in ("data", "ml"), f"{dag_id}.{task_id}"
            assert task["callbacks"] == 1, f"{dag_id}.{task_id}"


def test_every_task_retries_by_exception(bag: dict[str, Any]) -> None:
    policies = {task["policy"] for dag in bag["dags"].values() for task in dag["tasks"].values()}
    assert policies == {"ExceptionRetryPolicy"}


def test_every_parameter_is_bounded(bag: dict[str, Any]) -> None:
    for dag_id, dag in bag["dags"].items():
        for name, schema in dag["params"].items():
            assert is_bounded(schema), f"{dag_id}.{name} takes anything: {schema}"
            assert schema.get("title"), f"{dag_id}.{name} has no title"


def is_bounded(schema: dict[str, Any]) -> bool:
    if "items" in schema:
        return "maxItems" in schema and is_bounded(schema["items"])
    kinds = schema.get("type")
    if kinds == "boolean" or kinds == ["null", "boolean"]:
        return True
    return "enum" in schema or "pattern" in schema or {"minimum", "maximum"} <= set(schema)


def test_the_checklist_comes_first_and_each_training_is_mapped(bag: dict[str, Any]) -> None:
    tasks = bag["dags"]["train_ppo"]["tasks"]
    assert [name for name, task in tasks.items() if not task["upstream"]] == ["checklist.pre_training"]
    assert tasks["dataset.freeze_dataset"]["upstream"] == ["checklist.pre_training"]
    assert {name for name, task in tasks.items() if task["is_mapped"]} == {"training.train", "training.announce"}


def test_a_cross_validation_is_mapped_over_its_folds_and_collects_them(bag: dict[str, Any]) -> None:
    tasks = bag["dags"]["cross_validate"]["tasks"]
    assert {name for name, task in tasks.items() if task["is_mapped"]} == {"fold"}
    assert {name: set(task["upstream"]) for name, task in tasks.items()} == {
        "plan": set(), "fold": {"plan"}, "collect": {"plan", "fold"}, "announce": {"collect"},
    }  # fmt: skip


def test_a_training_outlasts_a_long_outage_and_starts_again_soon_after_a_kill(bag: dict[str, Any]) -> None:
    for dag_id, task_id in (("train_ppo", "training.train"), ("cross_validate", "fold")):
        train = bag["dags"][dag_id]["tasks"][task_id]
        waits = [min(train["max_retry_delay"], train["retry_delay"] * 2**number) for number in range(train["retries"])]
        assert waits[0] <= 15
        assert sum(waits) >= 45 * 60


def test_exchange_and_trainer_run_in_their_pools(bag: dict[str, Any]) -> None:
    pools = {task_id: task["pool"] for dag in bag["dags"].values() for task_id, task in dag["tasks"].items()}
    assert pools["ingestion.fetch"] == "exchange"
    assert pools["training.train"] == "training"
    assert pools["evaluation.revalidate"] == "training"
    assert pools["fold"] == "training"


def test_what_takes_the_trainers_slot_and_nothing_else_runs_on_the_trainers_queue(bag: dict[str, Any]) -> None:
    for dag in bag["dags"].values():
        for task_id, task in dag["tasks"].items():
            assert task["queue"] == ("training" if task["pool"] == "training" else "default"), task_id


def test_assets_link_the_chain(bag: dict[str, Any]) -> None:
    outlets = {task_id: task["outlets"] for dag in bag["dags"].values() for task_id, task in dag["tasks"].items()}
    assert outlets["lake.publish"] == ["candles", "funding_rates", "fear_greed", "macro"]
    assert outlets["fill"] == outlets["lake.publish"]
    assert outlets["publish"] == ["features"]
    assert outlets["training.train"] == ["trained_model"]
    assert outlets["evaluation.revalidate"] == ["revalidation_result"]
