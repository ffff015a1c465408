"""The lock, the token that fences a predecessor off, and the end together with the parent."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from include.core.errors import AlreadyRunningError
from include.training.ownership import FencedError, is_locked, lock_run

_HOLD = """
import sys, time
from pathlib import Path
from include.training.ownership import lock_run
with lock_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def _hold_elsewhere(folder: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_run_held_by_a_living_process_is_refused_and_named(tmp_path: Path) -> None:
    holder = _hold_elsewhere(tmp_path / "r")
    try:
        assert is_locked(tmp_path / "r")
        with (
            pytest.raises(AlreadyRunningError, match=f"`r` is being trained by process {holder.pid}"),
            lock_run(tmp_path / "r"),
        ):
            pass
    finally:
        holder.kill()
        holder.communicate()


def test_the_lock_ends_with_its_process_however_it_ends(tmp_path: Path) -> None:
    holder = _hold_elsewhere(tmp_path / "r")
    holder.kill()
    holder.communicate()
    assert not is_locked(tmp_path / "r")
    with lock_run(tmp_path / "r"):
        assert is_locked(tmp_path / "r")
    assert not is_locked(tmp_path / "r")


def test_every_owner_has_a_greater_token(tmp_path: Path) -> None:
    tokens = []
    for _ in range(3):
        with lock_run(tmp_path / "r") as owner:
            owner.require()
            tokens.append(owner.token)
    assert tokens == [1, 2, 3]


def test_a_lost_lock_file_does_not_give_an_old_token_again(tmp_path: Path) -> None:
    with lock_run(tmp_path / "r"):
        pass
    (tmp_path / ".r.lock").unlink()
    with lock_run(tmp_path / "r", least_token=7) as owner:
        assert owner.token == 8


def test_an_owner_that_was_replaced_is_refused(tmp_path: Path) -> None:
    with lock_run(tmp_path / "r") as old:
        # the one way to hold a run twice: somebody deletes the lock file under its holder
        (tmp_path / ".r.lock").unlink()
        with lock_run(tmp_path / "r", least_token=old.token) as new:
            new.require()
            with pytest.raises(FencedError, match="must belong to owner 1, was taken over by owner 2"):
                old.require()


def test_a_lock_file_of_another_content_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / ".r.lock").write_text("4711")
    with lock_run(tmp_path / "r") as owner:
        assert json.loads((tmp_path / ".r.lock").read_text()) == {"pid": os.getpid(), "token": owner.token}


_PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline().strip(), flush=True)
time.sleep(60)
"""
_CHILD = """
import time
from include.training.ownership import die_with_parent
die_with_parent()
print("ready", flush=True)
time.sleep(60)
"""


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, _CHILD], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid, word = parent.stdout.readline().split()
    assert word == "ready"
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 5
    while _is_alive(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_alive(int(pid))


def _is_alive(pid: int) -> bool:
    try:
        # a child without a parent stays in the table as a zombie until somebody reaps it
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
