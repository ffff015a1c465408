"""Drive the whole chain once through the local Airflow, as a person would: by its API, run by run."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.config.settings import Settings
from include.core.clock import wall_now
from include.core.errors import PerpetuaError, TransientError
from include.orchestration.airflow_api import FINISHED, AirflowApi
from include.orchestration.defaults import POOLS
from include.orchestration.stack import Stack

DAGS = ("market_data", "build_features", "train_ppo", "training_checks", "revalidate_model")
# switched on with the chain, though no part of it
# those by hand too: a form sent to a DAG that is off would wait for somebody to switch it on
SCHEDULED = (*DAGS, "revalidation_day", "maintenance", "cross_validate", "backfill", "deliver_alerts")
POLL_SECONDS = 0.5
PARSE_SECONDS = 120.0
EVENT_SECONDS = 60.0
# a task in this state waits for a person; the chain has then done its part
AWAITING = "awaiting_input"
PREFIX = "chain__"
# longer than any task's start takes: past it, something else holds the DAG or its pool
QUEUED_SECONDS = 600.0
TOLERATED_FAILURES = 10


@dataclass
class Stage:
    """One DAG run of the chain as it stands."""

    dag_id: str
    run_id: str = ""
    state: str = "waiting"
    seconds: float = 0.0
    tasks: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """True when the run succeeded, or waits for nothing but a person."""
        return self.state in ("success", AWAITING)


Show = Callable[[list[Stage]], None]


class Chain:
    """The chain market data → features → training → checks → revalidation, one run each.

    Parameters
    ----------
    stack : Stack
        The started local stack.
    settings : Settings
        Settings of the deployment.
    show : callable
        Receives all stages whenever something may have changed.
    """

    def __init__(self, stack: Stack, settings: Settings, show: Show) -> None:
        self._stack = stack
        self._api: AirflowApi = stack.api
        self._settings = settings
        self._show = show
        self.started_at = wall_now()
        self._stamp = self.started_at.strftime("%Y%m%dT%H%M%S")
        self.stages = [Stage(dag_id) for dag_id in DAGS]

    def drive(self) -> None:
        """Run every stage; raise with the failed task's error at the first that fails."""
        self._prepare()
        for stage in self.stages:
            started = time.monotonic()
            stage.run_id = self._start(stage.dag_id)
            self._follow(stage, started)

    @property
    def trained_run(self) -> str:
        """The training run of the chain, which trains one seed."""
        return str(self.returned("train_ppo", "training.train", map_index=0))

    def returned(self, dag_id: str, task_id: str, map_index: int = -1) -> Any:
        """Return what a task of the chain returned."""
        stage = next(stage for stage in self.stages if stage.dag_id == dag_id)
        return self._api.returned(dag_id, stage.run_id, task_id, map_index)

    def _prepare(self) -> None:
        for pool, description in POOLS.items():
            self._api.ensure_pool(pool.value, 1, description)
        deadline = time.monotonic() + PARSE_SECONDS
        while not set(SCHEDULED) <= self._api.dag_ids():
            self._stack.require_alive()
            broken = self._api.import_errors()
            if broken or time.monotonic() > deadline:
                missing = ", ".join(sorted(set(SCHEDULED) - self._api.dag_ids()))
                raise PerpetuaError(f"DAGs could not be parsed: {missing}. {' '.join(broken)}")
            time.sleep(POLL_SECONDS)
        self._end_interrupted_chains()
        # an unpaused consumer is what an asset event wakes, so all are unpaused before the first run
        for dag_id in SCHEDULED:
            self._api.unpause(dag_id)

    def _end_interrupted_chains(self) -> None:
        # a chain that was stopped half-way left a run whose tasks are gone; it would hold up this one
        for dag_id in DAGS:
            for run in self._api.runs(dag_id):
                if run["state"] not in FINISHED and run["dag_run_id"].startswith(PREFIX):
                    states = {task["state"] for task in self._api.tasks(dag_id, run["dag_run_id"])}
                    if AWAITING not in states:
                        self._api.fail(dag_id, run["dag_run_id"])

    def _start(self, dag_id: str) -> str:
        if dag_id == "build_features":
            return self._woken_by_market_data()
        conf: dict[str, Any] = {"system": self._settings.system}
        if dag_id == "market_data":
            conf = {}
        elif dag_id == "training_checks":
            conf = {"slot": "standup"}
        elif dag_id == "revalidate_model":
            # the very run of this chain: a run that was reused is not the latest one
            conf["run"] = self.trained_run
        return self._api.trigger(dag_id, f"{PREFIX}{self._stamp}", conf)

    def _woken_by_market_data(self) -> str:
        source = self.stages[0].run_id
        deadline = time.monotonic() + EVENT_SECONDS
        while time.monotonic() < deadline:
            self._stack.require_alive()
            for run in self._api.runs("build_features", run_type="asset_triggered"):
                # Airflow 3.3.2 cannot show the events of a run that has not started
                if run["start_date"] and source in self._api.sources("build_features", run["dag_run_id"]):
                    return str(run["dag_run_id"])
            time.sleep(POLL_SECONDS)
        raise PerpetuaError(f"Run `{source}` of market_data did not wake build_features in {EVENT_SECONDS:.0f} s.")

    def _follow(self, stage: Stage, started: float) -> None:
        failures = 0
        while not stage.is_done:
            self._stack.require_alive()
            stage.seconds = time.monotonic() - started
            try:
                instances = self._look(stage)
                failures = 0
            except TransientError:
                # a busy machine answers late now and then; that is no reason to stop everything
                failures += 1
                if failures > TOLERATED_FAILURES:
                    raise
                instances = []
            self._show(self.stages)
            if stage.state == "failed":
                raise PerpetuaError(self._failure(stage, instances))
            if stage.state == "queued" and stage.seconds > QUEUED_SECONDS:
                raise PerpetuaError(
                    f"`{stage.dag_id}` did not start in {QUEUED_SECONDS:.0f} s. "
                    "Hint: look in Airflow for a run of it that is still going."
                )
            if not stage.is_done:
                time.sleep(POLL_SECONDS)

    def _look(self, stage: Stage) -> list[dict[str, Any]]:
        instances = sorted(self._api.tasks(stage.dag_id, stage.run_id), key=_by_start)
        stage.tasks = [(task["task_id"], task["state"] or "waiting") for task in instances]
        stage.state = self._api.run(stage.dag_id, stage.run_id)["state"]
        if stage.state not in FINISHED and _only_people_are_missing(stage.tasks):
            stage.state = AWAITING
        return instances

    def _failure(self, stage: Stage, instances: list[dict[str, Any]]) -> str:
        logs = self._settings.home.airflow / "logs" / f"dag_id={stage.dag_id}" / f"run_id={stage.run_id}"
        reasons = []
        for task in instances:
            if task["state"] == "failed":
                attempt = logs / f"task_id={task['task_id']}" / f"attempt={task['try_number']}.log"
                reasons.append(f"{task['task_id']}: {last_error(attempt)}")
        return f"`{stage.dag_id}` failed. {' '.join(reasons) or 'No task says why.'} Hint: its logs are under {logs}."


def _by_start(task: dict[str, Any]) -> tuple[bool, str]:
    return task["start_date"] is None, task["start_date"] or task["task_id"]


def last_error(log: Path) -> str:
    """Return the last error that a task's log (one JSON document a line) holds."""
    if log.is_file():
        for line in reversed(log.read_text(encoding="utf-8").splitlines()):
            details = json.loads(line).get("error_detail") if line.startswith("{") else None
            if details:
                return f"{details[0]['exc_type']}: {details[0]['exc_value']}"
    return "it left no error in its log."


def _only_people_are_missing(tasks: list[tuple[str, str]]) -> bool:
    states = {state for _, state in tasks}
    return AWAITING in states and states <= {AWAITING, "success", "skipped", "waiting"} and _upstream_is_done(tasks)


def _upstream_is_done(tasks: list[tuple[str, str]]) -> bool:
    # what waits behind the approval has no state yet; everything before it has ended
    return all(state != "waiting" or task_id.startswith("decision.") for task_id, state in tasks)
