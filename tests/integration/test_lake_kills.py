"""SIGKILL and full disks at every write point of the lake: old or new, never neither, and the next writer goes on."""

import os
import random
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from include.lake.evolve import evolve
from include.lake.lake import Lake
from include.lake.maintenance import maintain
from include.lake.repair import repair
from tests.support.lake_work import AT_ONCE, closes, finish_all, start, state
from tests.unit.lake.older import write_old
from tests.unit.lake.rows import candle, candles

pytestmark = [pytest.mark.integration, pytest.mark.slow]
STRACE = shutil.which("strace")
needs_strace = pytest.mark.skipif(STRACE is None, reason="strace stops a process at a system call")
ROUNDS = 20
SLOW_MICROSECONDS = 50_000


def killed_at(location: Path, operation: str, call: str, nth: int = 1) -> None:
    """Do `operation` in a process that is killed as it makes its `nth` system call `call` (counted per thread)."""
    assert STRACE is not None
    inject = [STRACE, "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}"]
    process = start(location, operation, [*inject, "-e", f"inject={call}:signal=SIGKILL:when={nth}"])
    out, errors = process.communicate(timeout=120)
    assert out == "ready\n", f"{call} was not reached: {out} {errors}"


def killed_when(location: Path, operation: str, call: str, is_there: Callable[[], object]) -> None:
    """Do `operation` in a process whose system calls `call` are slow, and kill it as soon as `is_there` is true."""
    slow = [str(STRACE), "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}"]
    tracer = start(location, operation, [*slow, "-e", f"inject={call}:delay_enter={SLOW_MICROSECONDS}"])
    assert tracer.stdout is not None
    assert tracer.stdout.readline() == "ready\n"
    deadline = time.monotonic() + 120
    while not is_there():
        assert time.monotonic() < deadline
        assert tracer.poll() is None, tracer.communicate()
        time.sleep(0.001)
    for process in psutil.Process(tracer.pid).children():
        process.kill()
    out, _ = tracer.communicate(timeout=120)
    assert "done" not in out


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.merge("candles", state(100.0))
    return lake


# the calls of one commit in their order: the data file gets its content and its name, the commit file its content and
# its name, its temporary name goes
@needs_strace
@pytest.mark.parametrize(
    ("call", "after"), [("rename", 100.0), ("linkat", 100.0), ("unlink", 101.0)], ids=["data", "commit", "committed"]
)
def test_a_writer_killed_in_a_commit_leaves_the_old_rows_or_the_new(lake: Lake, call: str, after: float) -> None:
    location = Path(lake.location)
    killed_at(location, "rewrite", call)
    assert closes(lake) == {after}
    assert repair(lake, "candles", dry_run=True) == []
    finish_all([start(location, "rewrite")])
    assert closes(lake) == {101.0}


@needs_strace
def test_a_writer_killed_while_a_data_file_is_half_written_leaves_the_old_rows(lake: Lake) -> None:
    table = Path(lake.location, "candles")
    killed_when(table.parent, "rewrite", "write", lambda: list(table.glob("*.parquet#1")))
    (half,) = table.glob("*.parquet#1")
    assert half.stat().st_size < max(file.stat().st_size for file in table.glob("*.parquet"))
    assert closes(lake) == {100.0}
    finish_all([start(table.parent, "rewrite")])
    assert closes(lake) == {101.0}
    maintain(lake, {}, AT_ONCE)
    assert not list(table.glob("*.parquet#1"))


@needs_strace
@pytest.mark.parametrize("call", ["mkdir", "linkat", "unlink"])
def test_a_writer_killed_while_it_creates_a_table_is_followed_by_one_that_does(tmp_path: Path, call: str) -> None:
    killed_at(tmp_path, "create", call)
    assert Lake(tmp_path).count("fear_greed") == 0
    finish_all([start(tmp_path, "create")])
    assert Lake(tmp_path).count("fear_greed") == 1


@needs_strace
@pytest.mark.parametrize("call", ["rename", "linkat", "unlink"])
def test_a_killed_compaction_changes_no_row(tmp_path: Path, call: str) -> None:
    lake = Lake(tmp_path)
    for number in range(6):
        lake.merge("candles", candles(candle(number=number)))
    before = lake.read_arrow("candles")
    killed_at(tmp_path, "compact", call)
    assert lake.read_arrow("candles").equals(before)
    (done,) = maintain(lake, {})
    assert done.files_after == 1
    assert lake.read_arrow("candles").equals(before)


@needs_strace
@pytest.mark.parametrize("left", [20, 15], ids=["began", "half done"])
def test_a_killed_vacuum_changes_no_row_and_the_next_one_ends_it(tmp_path: Path, left: int) -> None:
    lake, table = Lake(tmp_path), tmp_path / "candles"
    for number in range(20):
        lake.merge("candles", candles(candle(number=number)))
    maintain(lake, {})
    before = lake.read_arrow("candles")
    killed_when(tmp_path, "vacuum", "unlink", lambda: len(list(table.glob("*.parquet"))) <= left)
    assert 1 < len(list(table.glob("*.parquet"))) <= left
    assert lake.read_arrow("candles").equals(before)
    finish_all([start(tmp_path, "vacuum")])
    assert len(list(table.glob("*.parquet"))) == 1
    assert lake.read_arrow("candles").equals(before)


@needs_strace
@pytest.mark.parametrize(("call", "after"), [("linkat", "old"), ("unlink", "new")])
def test_a_killed_evolution_leaves_the_old_table_or_the_new(tmp_path: Path, call: str, after: str) -> None:
    write_old(tmp_path, "candles", state(100.0).drop_columns(["venue"]))
    lake = Lake(tmp_path)
    killed_at(tmp_path, "evolve", call)
    assert ("venue" in lake.open("candles").to_pyarrow_dataset().schema.names) == (after == "new")
    evolve(lake)
    assert closes(lake) == {100.0}
    assert lake.read_arrow("candles", version=0).equals(state(100.0))


@pytest.fixture
def long_log(tmp_path: Path) -> Lake:
    """A table of which the next commit is the one after which the log is summed up."""
    lake = Lake(tmp_path / "long")
    for number in range(98):
        lake.merge("candles", candles(candle("ETH/USDT:USDT", number)))
    return lake


@needs_strace
@pytest.mark.parametrize("made", ["*99.checkpoint.parquet#1", "_last_checkpoint#1"])
def test_a_writer_killed_at_a_checkpoint_has_committed(long_log: Lake, made: str) -> None:
    log = Path(long_log.location, "candles", "_delta_log")
    killed_when(Path(long_log.location), "insert", "rename", lambda: list(log.glob(made)))
    assert long_log.count("candles") == long_log.read_arrow("candles").num_rows == 98 + 3_000
    assert long_log.merge("candles", state(101.0)).updated == 3_000


@needs_strace
@pytest.mark.parametrize("first", [1, 40])
def test_a_killed_cleaning_of_the_log_leaves_a_whole_one(long_log: Lake, first: int) -> None:
    location, log = Path(long_log.location), Path(long_log.location, "candles", "_delta_log")
    long_log.merge("candles", state(100.0))
    maintain(long_log, {}, AT_ONCE)
    before = long_log.read_arrow("candles")
    killed_when(location, "clean", "unlink", lambda: not (log / f"{first - 1:020}.json").exists())
    assert (log / f"{98:020}.json").exists()
    assert long_log.read_arrow("candles").equals(before)
    finish_all([start(location, "clean")])
    assert not (log / f"{98:020}.json").exists()
    assert long_log.read_arrow("candles").equals(before)


def test_twenty_kills_at_random_moments_leave_one_whole_state_each_time(lake: Lake) -> None:
    rng = random.Random(4)
    versions = [lake.version("candles")]
    for _ in range(ROUNDS):
        process = start(lake.location, "churn")
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.0, 1.5))
        assert process.poll() is None, process.communicate()
        process.kill()
        process.communicate()
        assert len(closes(lake)) == 1
        versions.append(lake.version("candles"))
    assert versions == sorted(versions)
    assert len(set(versions)) > ROUNDS // 2  # the kills fell on work, not before it
    assert repair(lake, "candles", dry_run=True) == []


def test_a_file_that_may_not_grow_leaves_what_was_stored(lake: Lake) -> None:
    process = start(
        lake.location, "fill", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    )
    _, errors = process.communicate(timeout=120)
    assert "TransientError: `candles` could not be written: no space is left under" in errors
    assert closes(lake) == {100.0}
    finish_all([start(Path(lake.location), "rewrite")])
    assert closes(lake) == {101.0}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_leaves_what_was_stored_and_writing_goes_on_with_space(small_disk: Path) -> None:
    _, errors = start(small_disk, "fill").communicate(timeout=120)
    assert "TransientError: `candles` could not be written: no space is left under" in errors
    assert "Hint: free space" in errors
    lake = Lake(small_disk)
    stored = lake.count("candles")
    assert stored >= 3_000
    assert stored % 3_000 == 0
    assert lake.read_arrow("candles").num_rows == stored
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert lake.merge("candles", state(100.0)).inserted == 3_000
