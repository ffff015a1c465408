import time
from pathlib import Path

import pytest
from deltalake.exceptions import CommitFailedError

from include.core.errors import TransientError
from include.lake import commit
from include.lake.commit import retried
from include.lake.lake import Lake
from include.lake.maintenance import maintain
from tests.support.lake_work import AT_ONCE, closes, finish_all, rows_of, start, state
from tests.unit.lake.rows import candle, candles

WRITERS = 4


@pytest.mark.slow
def test_fifty_commits_of_each_of_four_processes_are_all_there_once(tmp_path: Path) -> None:
    # all four find no table: the creation races, too
    began = time.monotonic()
    finish_all([start(tmp_path, f"write:{writer}:50") for writer in range(WRITERS)])
    assert Lake(tmp_path).read_arrow("candles").equals(rows_of(WRITERS, 50))
    print(f"{WRITERS} x 50 commits in {time.monotonic() - began:.1f} s")


def test_two_tables_do_not_wait_for_each_other_and_a_new_table_is_created_once(tmp_path: Path) -> None:
    finish_all([start(tmp_path, operation) for operation in ("write:0:5", "create", "write:1:5", "create")])
    lake = Lake(tmp_path)
    assert lake.read_arrow("candles").equals(rows_of(2, 5))
    assert lake.count("fear_greed") == 1


def test_a_reader_sees_one_whole_state_while_another_process_writes_and_maintains(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.merge("candles", state(100.0))
    writer = start(tmp_path, "churn")
    seen: set[float] = set()
    deadline = time.monotonic() + 60
    while len(seen) < 6 and time.monotonic() < deadline:
        (close,) = closes(lake)
        seen.add(close)
    assert writer.poll() is None, writer.communicate()
    writer.kill()
    writer.communicate()
    assert len(seen) == 6


@pytest.mark.slow
def test_maintenance_beside_writers_loses_no_row(tmp_path: Path) -> None:
    writers = [start(tmp_path, f"write:{writer}:40") for writer in range(2)]
    lake, runs = Lake(tmp_path), 0
    while any(writer.poll() is None for writer in writers):
        # at once would remove what a writer is about to name
        runs += len(maintain(lake, {}))
    finish_all(writers)
    assert runs > 1
    maintain(lake, {}, AT_ONCE)
    assert lake.read_arrow("candles").equals(rows_of(2, 40))


def test_a_lost_race_is_tried_again_until_it_is_won(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "_LONGEST_WAIT_SECONDS", 0.0)
    races = iter([CommitFailedError("faster"), CommitFailedError("faster"), None])

    def write() -> str:
        error = next(races)
        if error:
            raise error
        return "written"

    assert retried("candles", write) == "written"

    def lose() -> None:
        raise CommitFailedError("faster")

    with pytest.raises(TransientError, match=r"`candles` could not be committed in 60 attempts"):
        retried("candles", lose)


def test_a_commit_from_an_older_version_is_refused(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.merge("candles", candles(candle()))
    first, second = lake.open("candles"), lake.open("candles")
    commit.insert(first, candles(candle(number=1)))
    with pytest.raises(CommitFailedError):
        commit.insert(second, candles(candle(number=1)))
    assert lake.count("candles") == 2
