import json
import shutil
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from include.core.errors import InvalidInputError
from include.sandbox.clock import LEASE_MS, VirtualClock

START = 1_700_000_000_000


class Elapsed:
    """Milliseconds that a test moves."""

    def __init__(self) -> None:
        self.ms = 5_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def elapsed() -> Elapsed:
    return Elapsed()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sandbox" / "clock.json"


def test_a_new_clock_starts_at_its_start_and_runs_at_wall_speed(file: Path, elapsed: Elapsed) -> None:
    clock = VirtualClock(file, "m", START, elapsed)
    assert clock.now_ms() == START
    elapsed.ms += 1234
    assert clock.now_ms() == START + 1234


def test_advance_moves_the_clock_and_returns_the_new_now(file: Path, elapsed: Elapsed) -> None:
    clock = VirtualClock(file, "m", START, elapsed)
    assert clock.advance(timedelta(hours=4)) == START + 4 * 3_600_000
    assert clock.now_ms() == START + 4 * 3_600_000


@pytest.mark.parametrize("by", [timedelta(0), timedelta(hours=-1), timedelta(days=3651)])
def test_advance_refuses_standing_still_going_back_and_leaving_the_century(
    file: Path, elapsed: Elapsed, by: timedelta
) -> None:
    clock = VirtualClock(file, "m", START, elapsed)
    with pytest.raises(InvalidInputError, match="`by` must be longer than zero"):
        clock.advance(by)
    assert clock.now_ms() == START


def test_a_closed_clock_continues_where_it_stopped_however_long_it_was_away(file: Path, elapsed: Elapsed) -> None:
    clock = VirtualClock(file, "m", START, elapsed)
    clock.advance(timedelta(days=2))
    elapsed.ms += 500
    stopped = clock.now_ms()
    clock.close()
    elapsed.ms += 10 * 24 * 3_600_000
    assert VirtualClock(file, "m", START, elapsed).now_ms() == stopped + 1


def test_a_killed_clock_never_goes_back_and_jumps_at_most_the_lease(file: Path, elapsed: Elapsed) -> None:
    clock = VirtualClock(file, "m", START, elapsed)
    seen = START
    for _ in range(500):
        elapsed.ms += 777
        seen = clock.now_ms()
        as_it_was_left = Path(shutil.copy(file, file.with_name("left.json")))
        assert seen < VirtualClock(as_it_was_left, "m", START, elapsed).now_ms() <= seen + LEASE_MS


def test_each_market_has_a_time_of_its_own(file: Path, elapsed: Elapsed) -> None:
    VirtualClock(file, "recorded", START, elapsed).advance(timedelta(days=3))
    other = VirtualClock(file, "synthetic", START - 1000, elapsed)
    assert other.now_ms() == START - 1000
    assert set(json.loads(file.read_text())) == {"recorded", "synthetic"}


def test_a_later_start_moves_the_clock_forward_an_earlier_one_does_not_move_it_back(
    file: Path, elapsed: Elapsed
) -> None:
    VirtualClock(file, "m", START, elapsed).close()
    assert VirtualClock(file, "m", START - 10**9, elapsed).now_ms() == START + 1
    assert VirtualClock(file, "m", START + 10**9, elapsed).now_ms() == START + 10**9


def test_advances_from_many_threads_all_count(file: Path, elapsed: Elapsed) -> None:
    clock = VirtualClock(file, "m", START, elapsed)
    threads = [Thread(target=lambda: [clock.advance(timedelta(minutes=1)) for _ in range(5)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now_ms() == START + 40 * 60_000


def test_the_real_clock_runs(file: Path) -> None:
    clock = VirtualClock(file, "m", START)
    instants = [clock.now_ms() for _ in range(100)]
    assert instants == sorted(instants)
    assert START <= instants[0] < START + 5_000
