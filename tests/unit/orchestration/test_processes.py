import os
import socket
import sys
import time
from pathlib import Path

import psutil
import pytest

from include.core.errors import AlreadyRunningError, PerpetuaError
from include.orchestration.processes import Processes, only_one, require_free_port

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
FORKING = (
    sys.executable,
    "-c",
    "import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)",
)
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)",
)


def wait_until(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_stopping_ends_the_child_and_what_it_forked_and_nothing_else(tmp_path: Path) -> None:
    stranger = psutil.Popen(SLEEP)
    processes = Processes(tmp_path)
    processes.start("forking", FORKING, os.environ)
    child = psutil.Process(processes.pids()["forking"])
    wait_until(lambda: len(child.children()) == 1)
    grandchild = child.children()[0]
    processes.stop()
    assert not child.is_running()
    wait_until(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)
    assert stranger.is_running()
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_child_that_ignores_the_signal_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.orchestration.processes.STOP_SECONDS", 0.3)
    processes = Processes(tmp_path)
    processes.start("stubborn", STUBBORN, os.environ)
    wait_until(lambda: "ready" in processes.log("stubborn").read_text(encoding="utf-8"))
    processes.stop()
    assert processes.pids() == {}


def test_a_child_that_ends_by_itself_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("broken", (sys.executable, "-c", "print('no such table'); raise SystemExit(3)"), os.environ)
    with pytest.raises(PerpetuaError, match=r"(?s)`broken` ended by itself with status 3.*no such table"):
        processes.wait_for("broken")


def test_a_child_that_has_done_its_work_is_forgotten(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("done", (sys.executable, "-c", "pass"), os.environ)
    processes.wait_for("done")
    processes.require_alive()


def test_a_child_that_was_killed_is_said_to_have_been_killed(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("victim", SLEEP, os.environ)
    psutil.Process(processes.pids()["victim"]).kill()
    with pytest.raises(PerpetuaError, match=r"(?s)`victim` was killed by SIGKILL.*the log is empty"):
        processes.wait_for("victim")


def test_a_second_stack_on_the_same_home_is_refused_with_the_first_ones_pid(tmp_path: Path) -> None:
    refused = pytest.raises(AlreadyRunningError, match=f"Process {os.getpid()} runs on {tmp_path} already")
    with only_one(tmp_path / "lock", tmp_path), refused, only_one(tmp_path / "lock", tmp_path):
        pass
    with only_one(tmp_path / "lock", tmp_path):
        pass


def test_a_taken_port_names_itself_and_its_setting() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(
            AlreadyRunningError, match=f"Port {port} for Airflow is taken. Hint: .*PERPETUA_AIRFLOW_PORT"
        ):
            require_free_port(port, "Airflow", "PERPETUA_AIRFLOW_PORT")
    require_free_port(port, "Airflow", "PERPETUA_AIRFLOW_PORT")
