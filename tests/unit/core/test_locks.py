import subprocess
import sys
from pathlib import Path

import pytest

from include.core.errors import AlreadyRunningError
from include.core.locks import in_turn, only_process

HOLD = """
import sys, time
from pathlib import Path
from include.core.locks import only_process
with only_process(Path(sys.argv[1]), "works", "wait."):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_free_again_after_its_holder(tmp_path: Path) -> None:
    for _ in range(2):
        with only_process(tmp_path / "a" / "lock", "works", "wait."):
            pass


def test_another_process_is_named_and_its_lock_ends_with_it_even_when_it_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == "held\n"
    told = rf"Process {holder.pid} works already\. Hint: wait\."
    with pytest.raises(AlreadyRunningError, match=told), only_process(lock, "works", "wait."):
        pass
    holder.kill()
    holder.wait(timeout=10)
    with only_process(lock, "works", "wait."):
        pass


def test_a_turn_is_waited_for_and_comes_when_its_holder_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "a" / "lock"
    hold = HOLD.replace('only_process(Path(sys.argv[1]), "works", "wait.")', "in_turn(Path(sys.argv[1]), 60)")
    command = [sys.executable, "-c", hold.replace("only_process", "in_turn"), str(lock)]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    with first.stdout:
        assert first.stdout.readline() == "held\n"
    second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert second.stdout is not None
    with second.stdout:
        assert second.poll() is None
        first.kill()
        first.wait(timeout=10)
        assert second.stdout.readline() == "held\n"
    second.kill()
    second.wait(timeout=10)


def test_a_turn_that_does_not_come_is_given_up(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(lock)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunningError, match=r"lock` must come free within 0\.2 s"), in_turn(lock, 0.2):
            pass
    holder.kill()
    holder.wait(timeout=10)
    with in_turn(lock, 0.0):
        pass
