"""A training in a real Airflow, killed in every way there is: one trainer at any time, and the same parameters."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from include.config.files import CAMPAIGN, read_yaml
from include.config.settings import Settings
from include.core.errors import PerpetuaError, TransientError
from include.core.files import write_text
from include.orchestration import stages
from include.orchestration.airflow_api import FINISHED
from include.orchestration.defaults import POOLS
from include.orchestration.processes import Processes
from include.orchestration.stack import AIRFLOW, Stack
from include.training.logs import LOGS, UPDATES
from include.training.runs import RUN_FILE, Attempt, RunInfo, read_run
from tests.support.stack import deployment

pytestmark = [pytest.mark.integration, pytest.mark.soak, pytest.mark.timeout(1800)]

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
STEPS, ROLLOUT, INTERVAL = 40_960, 1_024, 4_096
# how long Airflow waits for a silent task, and for a silent scheduler; 300 and 30 when nothing is set
HEARTBEAT_TIMEOUT_SECONDS, SCHEDULER_TIMEOUT_SECONDS = 60, 10
CONF = {
    "steps": STEPS,
    "seeds": [7],
    "engine": "sb3",
    "overrides": f"training.checkpoint_every_steps={INTERVAL}\ntraining.n_steps={ROLLOUT}",
}


class Watch:
    """What a thread saw of one run: when each of its trainers was last alive, and the step that each had logged.

    Attempts are told apart by their token, which outlives a folder that is moved aside.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._attempts: dict[int, Attempt] = {}
        self._alive_at: dict[int, float] = {}
        self._reached: dict[int, int] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch")

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()

    @property
    def attempts(self) -> list[Attempt]:
        return [self._attempts[token] for token in sorted(self._attempts)]

    @property
    def overlap(self) -> float:
        """Longest time in seconds that two trainers lived beside each other."""
        ends = [self._end(attempt) for attempt in self.attempts]
        begins = [attempt.started_at.timestamp() for attempt in self.attempts]
        return max((ends[i] - begins[j] for j in range(len(ends)) for i in range(j)), default=0.0)

    @property
    def lost_steps(self) -> int:
        """Most steps that a trainer had done and its successor did again."""
        tokens = sorted(self._attempts)
        steps = [self._reached[before] - self._attempts[after].from_step for before, after in pairwise(tokens)]
        return max(steps, default=0)

    def trainer(self, least_step: int) -> int:
        """Return the process that trains, once it has logged `least_step`."""
        wait(lambda: max(self._reached.values(), default=0) >= least_step, 300)
        return self.attempts[-1].pid

    def _end(self, attempt: Attempt) -> float:
        return self._alive_at[attempt.token] if attempt.ended_at is None else attempt.ended_at.timestamp()

    def _look(self) -> None:
        while not self._is_over.wait(0.005):
            if (self._folder / RUN_FILE).is_file():
                self._note()

    def _note(self) -> None:
        try:
            attempts, step = read_run(self._folder).attempts, logged_step(self._folder)
        except (PerpetuaError, FileNotFoundError):
            # the folder is being moved aside
            return
        for attempt in attempts:
            self._attempts[attempt.token] = attempt
            if attempt.token not in self._alive_at or is_alive(attempt.pid):
                self._alive_at[attempt.token] = time.time()
        if attempts:
            newest = attempts[-1].token
            self._reached[newest] = max(step, self._reached.get(newest, 0))


@dataclass(frozen=True)
class Outcome:
    """What a case came to."""

    run: RunInfo
    tries: int
    attempts: int
    lost_steps: int
    overlap: float
    seconds: float


@dataclass(frozen=True)
class Scene:
    """The stack under attack; `spare` holds what was started in the place of what was killed."""

    stack: Stack
    settings: Settings
    spare: Processes
    environment: dict[str, str]

    def play(self, case: str, attack: Callable[["Scene", int], None] | None) -> Outcome:
        """Train under the name `case`, attack it half-way, and return what became of it."""
        started = time.monotonic()
        folder = self.settings.home.run(case)
        self.stack.api.trigger("train_ppo", case, {**CONF, "output": case})
        with Watch(folder) as watch:
            if attack is not None:
                attack(self, watch.trainer(INTERVAL + 2 * ROLLOUT))
            wait(lambda: self._state(case) in FINISHED, 900)
        assert self._state(case) == "success", self._tasks(case)
        tries = self._tasks(case)["training.train"]["try_number"]
        seconds = time.monotonic() - started
        return Outcome(read_run(folder), tries, len(watch.attempts), watch.lost_steps, watch.overlap, seconds)

    def kill(self, component: str) -> None:
        # what was started again has taken the place of the stack's own
        leader = psutil.Process((self.stack.pids() | self.spare.pids())[component])
        leader.kill()
        leader.wait(10)

    def start(self, component: str) -> None:
        self.spare.start(component, (*AIRFLOW, component), self.environment)

    def _state(self, run_id: str) -> str:
        try:
            return str(self.stack.api.run("train_ppo", run_id)["state"])
        except TransientError:
            return "unknown"

    def _tasks(self, run_id: str) -> dict[str, Any]:
        return {task["task_id"]: task for task in self.stack.api.tasks("train_ppo", run_id)}


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def logged_step(folder: Path) -> int:
    rows = (folder / LOGS / UPDATES.name).read_text(encoding="utf-8").splitlines()
    return int(rows[-1].split(",")[0]) if len(rows) > 1 else 0


def wait(is_true: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def kill_task(_scene: Scene, trainer: int) -> None:
    psutil.Process(trainer).send_signal(signal.SIGKILL)


def kill_supervisor(_scene: Scene, trainer: int) -> None:
    psutil.Process(psutil.Process(trainer).ppid()).send_signal(signal.SIGKILL)


def kill_scheduler(scene: Scene, _trainer: int) -> None:
    """Leave it dead for so long that the next one takes its tasks for orphans and starts them again."""
    scene.kill("scheduler")
    time.sleep(2 * SCHEDULER_TIMEOUT_SECONDS)
    scene.start("scheduler")


def short_outage(scene: Scene, _trainer: int) -> None:
    scene.kill("api-server")
    scene.start("api-server")
    wait(scene.stack.api.is_healthy, 120)


def long_outage(scene: Scene, _trainer: int) -> None:
    """Longer than the scheduler waits for a heartbeat, and longer than the training takes."""
    scene.kill("api-server")
    time.sleep(1.5 * HEARTBEAT_TIMEOUT_SECONDS)
    scene.start("api-server")
    wait(scene.stack.api.is_healthy, 120)


ATTACKS = {
    "kill-task": kill_task,
    "kill-supervisor": kill_supervisor,
    "kill-scheduler": kill_scheduler,
    "api-away-shortly": short_outage,
    "api-away-long": long_outage,
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    home = tmp_path_factory.mktemp("deployment")
    # the latest missed slot of a schedule would train first
    campaign = read_yaml(CAMPAIGN)
    campaign["schedules"]["train_ppo"] = None
    write_text(home / "campaign.yaml", yaml.safe_dump(campaign))
    changes = {
        "PERPETUA_UNIVERSE": ",".join(SYMBOLS),
        "PERPETUA_MLFLOW_URL": "off",
        "PERPETUA_CAMPAIGN": str(home / "campaign.yaml"),
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(HEARTBEAT_TIMEOUT_SECONDS),
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": str(SCHEDULER_TIMEOUT_SECONDS),
    }
    with deployment(home, **changes) as settings, Stack.running(settings) as stack:
        for pool, description in POOLS.items():
            stack.api.ensure_pool(pool.value, 1, description)
        stages.fetch_market_data(settings, "candles")
        stages.validate_market_data(settings, "candles")
        stages.publish_market_data(settings, "candles")
        stages.build_features(settings, settings.system)
        wait(lambda: "train_ppo" in stack.api.dag_ids(), 240)
        stack.api.unpause("train_ppo")
        spare = Processes(settings.home.processes)
        try:
            # the environment of a single test is not that of the deployment
            yield Scene(stack, settings, spare, stack.environment())
        finally:
            spare.stop()


@pytest.fixture(scope="module")
def undisturbed(scene: Scene) -> Outcome:
    return scene.play("undisturbed", None)


@pytest.mark.parametrize("case", ATTACKS)
def test_a_training_comes_through(scene: Scene, undisturbed: Outcome, case: str) -> None:
    outcome = scene.play(case, ATTACKS[case])
    is_equal = outcome.run.parameters_sha256 == undisturbed.run.parameters_sha256
    print(
        f"\n{case}: {outcome.tries} tries, {outcome.attempts} trainers, {outcome.lost_steps} steps lost, "
        f"overlap {outcome.overlap:+.2f} s, hash equal {is_equal}, {outcome.seconds:.0f} s"
    )
    assert outcome.run.status == "finished"
    assert is_equal
    assert outcome.overlap <= 0
    assert outcome.lost_steps <= INTERVAL + ROLLOUT
    # how many trainers a long outage takes depends on whether the training outlasts it
    if case != "api-away-long":
        assert (outcome.attempts > 1) == case.startswith("kill")
