"""A process that hangs is ended, and says where it stood."""

import subprocess
import sys
from pathlib import Path

from include.training.watchdog import HANG_LOG, HangWatchdog, has_hung

_HANGING = """
import sys, time
from pathlib import Path
from include.training.watchdog import HangWatchdog
def sleep_for_ever():
    time.sleep(60)
with HangWatchdog(Path(sys.argv[1]), 0.5) as watchdog:
    for _ in range(4):
        time.sleep(0.2)
        watchdog.beat()
    print("alive", flush=True)
    sleep_for_ever()
"""


def test_a_process_without_a_beat_is_ended_and_tells_where_it_stood(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _HANGING, str(tmp_path)], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    # beats kept it alive for longer than the limit
    assert ended.stdout == "alive\n"
    assert "in sleep_for_ever" in (tmp_path / HANG_LOG).read_text()


def test_a_hang_is_told_once(tmp_path: Path) -> None:
    assert not has_hung(tmp_path)
    (tmp_path / HANG_LOG).write_text("Timeout (0:10:00)!\n")
    assert has_hung(tmp_path)
    assert not has_hung(tmp_path)
    assert "Timeout" in (tmp_path / "hang.seen.log").read_text()


def test_a_training_that_ended_in_time_leaves_no_hang(tmp_path: Path) -> None:
    with HangWatchdog(tmp_path, 60.0) as watchdog:
        watchdog.beat()
    assert not has_hung(tmp_path)
