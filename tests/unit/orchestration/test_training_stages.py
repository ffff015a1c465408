"""The stages of `train_ppo` on tiny trainings; each trains in a process of its own, as it does in Airflow."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from slack_sdk import WebClient

from include.config.settings import Settings, load_settings
from include.core.clock import wall_now
from include.core.errors import BlockedError, DuplicateError, MissingInputError
from include.features.registry import FEATURE_SETS
from include.orchestration import check_stages, stages, training_stages
from include.orchestration.training_request import TrainingRequest
from include.training.ownership import is_locked
from include.training.runs import read_run
from tests.support import feature_builds as builds
from tests.support.datasets import write_dataset
from tests.support.sandbox import RunningSandbox, running_sandbox
from tests.unit.training.builders import TINY, tiny_dataset

RUN = "mine"
LINES = "\n".join(f"{key}={json.dumps(value)}" for key, value in TINY.items())
ENDLESS, SHORT = 1_000_000, 256
CHILD = """
import json, sys
from include.config.settings import load_settings
from include.core.errors import PerpetuaError
from include.orchestration import training_stages
from include.orchestration.training_request import TrainingRequest
params, job = map(json.loads, sys.argv[1:])
try:
    print(json.dumps(training_stages.train(load_settings(), TrainingRequest.of(params), job)))
except PerpetuaError as error:
    print(json.dumps({"error": type(error).__name__, "text": str(error)}))
"""


def request(**params: Any) -> dict[str, Any]:
    return {"system": "phase4", **params}


def start(params: dict[str, Any], dataset_id: str, **environment: str) -> subprocess.Popen[str]:
    job = {"dataset_id": dataset_id, "seed": 7, "output": RUN}
    command = [sys.executable, "-c", CHILD, json.dumps(params), json.dumps(job)]
    quiet = {**os.environ, "PERPETUA_MLFLOW_URL": "off", **environment}
    return subprocess.Popen(command, env=quiet, stdout=subprocess.PIPE, text=True)


def outcome(process: subprocess.Popen[str]) -> dict[str, Any]:
    text, _ = process.communicate(timeout=120)
    document: dict[str, Any] = json.loads(text.splitlines()[-1])
    return document


@contextmanager
def served(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    small = settings.model_copy(update={"universe_source": "BTC/USDT:USDT"})
    with running_sandbox(small) as sandbox:
        monkeypatch.setenv("PERPETUA_SANDBOX_PORT", str(sandbox.settings.sandbox_port))
        yield sandbox


def channel(sandbox: RunningSandbox) -> list[str]:
    """Return every message, those in threads with their first ones."""
    client = WebClient(token="xoxb-reader", base_url=f"{sandbox.base_url}/api/")
    name = sandbox.settings.slack_channel
    parents = [m for m in client.conversations_history(channel=name)["messages"] if "subtype" not in m]
    threads = [client.conversations_replies(channel=name, ts=parent["ts"])["messages"] for parent in parents]
    return [json.dumps(message) for thread in threads for message in thread]


@pytest.fixture
def dataset_id(settings: Settings) -> str:
    dataset = tiny_dataset()
    write_dataset(dataset, settings.home.dataset(dataset.info.id))
    return dataset.info.id


def await_training(settings: Settings, process: subprocess.Popen[str]) -> None:
    folder = settings.home.run(RUN)
    deadline = time.monotonic() + 60
    while not (is_locked(folder) and (folder / "checkpoints").is_dir()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_sigterm_keeps_the_last_step_and_asks_for_another_try_that_goes_on(settings: Settings, dataset_id: str) -> None:
    process = start(request(overrides=LINES, steps=ENDLESS), dataset_id)
    await_training(settings, process)
    process.terminate()
    asked = wall_now()
    told = outcome(process)
    assert told["error"] == "InterruptedTrainingError"
    run = read_run(settings.home.run(RUN))
    assert run.status == "stopped"
    # Airflow kills what has not ended after five seconds
    assert run.ended_at is not None
    assert (run.ended_at - asked).total_seconds() < 5
    assert f"ended at step {run.timesteps:,} of 1,000,000" in told["text"]

    again = start(request(overrides=LINES, steps=ENDLESS), dataset_id)
    while len(read_run(settings.home.run(RUN)).attempts) < 2:
        assert again.poll() is None
        time.sleep(0.05)
    assert read_run(settings.home.run(RUN)).attempts[1].from_step == run.timesteps
    again.kill()
    again.communicate()


def test_a_person_who_stops_a_training_is_told_of_it_and_no_try_follows(
    settings: Settings, dataset_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(settings, monkeypatch) as sandbox:
        process = start(request(overrides=LINES, steps=ENDLESS), dataset_id)
        await_training(settings, process)
        stages.stop_training(settings, RUN)
        assert outcome(process)["error"] == "StoppedError"
        assert any("Training stopped" in message and RUN in message for message in channel(sandbox))


def test_a_stopped_run_can_be_resumed_by_its_name_alone(settings: Settings, dataset_id: str) -> None:
    first = outcome(start(request(overrides=LINES, steps=2 * SHORT, episodes=1), dataset_id))
    assert first["timesteps"] < 2 * SHORT
    params = TrainingRequest.of(request(resume=RUN))
    jobs = training_stages.trainings(settings, params, "first", lambda _: True)
    assert jobs == [{"dataset_id": dataset_id, "seed": 7, "output": RUN}]
    with pytest.raises(DuplicateError, match=f"`{RUN}` was asked for already, by the DAG run `first`"):
        training_stages.trainings(settings, params, "second", lambda _: True)
    second = outcome(start(request(resume=RUN), dataset_id))
    assert (second["run_id"], second["timesteps"], second["status"]) == (RUN, 2 * SHORT, "finished")
    assert second["resumed_from"] == first["timesteps"]


def test_a_training_dies_with_the_process_that_started_it(settings: Settings, dataset_id: str) -> None:
    parent = "import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', *sys.argv[1:]])\nchild.wait()"
    arguments = [CHILD, json.dumps(request(overrides=LINES, steps=ENDLESS)),
                 json.dumps({"dataset_id": dataset_id, "seed": 7, "output": RUN})]  # fmt: skip
    quiet = {**os.environ, "PERPETUA_MLFLOW_URL": "off"}
    command = [sys.executable, "-c", parent, *arguments]
    process = subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL, text=True)
    await_training(settings, process)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while is_locked(settings.home.run(RUN)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_checklist_is_posted_and_what_is_blocked_does_not_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FEATURE_SETS, "market94", builds.SET)
    builds.write_build(settings.home)
    ready = TrainingRequest.of(request(overrides="splits.min_train_candles=100\nsplits.validation_candles=50"))
    blocked = TrainingRequest.of(request())  # 1,270 candles are fewer than phase4 takes
    wrong = TrainingRequest.of(request(overrides="training.learning_rate=1"))
    with served(settings, monkeypatch) as sandbox:
        assert training_stages.require_ready(load_settings(), ready)["verdict"] in ("READY", "FIX")
        with pytest.raises(BlockedError, match="0 of 2 symbols have the"):
            training_stages.require_ready(load_settings(), blocked)
        with pytest.raises(BlockedError, match=r"`training.learning_rate`"):
            training_stages.require_ready(load_settings(), wrong)
        posted = channel(sandbox)
    checklists = [message for message in posted if "*Pre-training checklist of" in message]
    assert len(checklists) == sum("STATUS:" in message for message in posted) == 3
    assert sum("BLOCKED" in message for message in checklists) == 2


def test_a_schedule_before_the_first_features_tells_nobody(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(settings, monkeypatch) as sandbox:
        with pytest.raises(MissingInputError, match="No features in"):
            training_stages.require_ready(load_settings(), TrainingRequest.of(request()))
        assert channel(sandbox) == []


def test_the_command_line_posts_the_same_checklist(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(settings, monkeypatch) as sandbox:
        checked = check_stages.check(load_settings(), "pre-training")
        assert (checked["passed"], checked["lines"][-1]) == (False, "STATUS: ❌ BLOCKED")
        assert any("Pre-training checklist of phase4: BLOCKED" in message for message in channel(sandbox))
