"""kill −9 at random moments, resumed each time: the parameters are those of a training that was never interrupted.

The long one prints its table: ``pytest -m slow -s tests/integration/test_kill.py``.
"""

import signal
import time
from pathlib import Path

import pytest

from include.training.checkpoints import checkpoint_folders, verify_checkpoint
from include.training.logs import CONVERGENCE, CSV_LOGS, DAILY_SUMMARY, LOGS, read_log
from include.training.runs import read_run
from tests.support.kills import RUN, await_step, final_hash, kill_and_resume, start

ENGINES = ["sb3", "fused"]


def _same_rows(one: Path, other: Path) -> None:
    for log in CSV_LOGS:
        assert (one / LOGS / log.name).read_text() == (other / LOGS / log.name).read_text()
    lines = [(folder / LOGS / DAILY_SUMMARY).read_text().splitlines() for folder in (one, other)]
    # the same lines at other times of the day
    assert [line.partition(" · ")[2] for line in lines[0]] == [line.partition(" · ")[2] for line in lines[1]]


@pytest.mark.integration
@pytest.mark.parametrize("engine", ENGINES)
def test_a_training_killed_again_and_again_ends_where_an_uninterrupted_one_does(tmp_path: Path, engine: str) -> None:
    expected = final_hash(tmp_path / "whole", engine, "small", 6_400)
    done, info = kill_and_resume(tmp_path / "cut", engine, "small", 6_400, kills=3)
    assert info.parameters_sha256 == expected
    assert info.status == "finished"
    resumed = [kill.resumed_from for kill in done if kill.resumed_from is not None]
    assert resumed == sorted(resumed)
    whole, cut = tmp_path / "whole" / "runs" / RUN, tmp_path / "cut" / "runs" / RUN
    _same_rows(whole, cut)
    assert read_run(whole).best_score == info.best_score
    assert read_run(whole).best_timestep == info.best_timestep
    assert all(verify_checkpoint(folder) for folder in checkpoint_folders(cut))


@pytest.mark.integration
def test_sigterm_keeps_the_last_boundary_and_the_next_training_goes_on(tmp_path: Path) -> None:
    expected = final_hash(tmp_path / "whole", "sb3", "small", 6_400)
    process = start(tmp_path / "cut", "sb3", "small", 6_400)
    await_step(process, 1_000)
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert time.monotonic() - asked < 5.0
    assert process.returncode == 0
    stopped = read_run(tmp_path / "cut" / "runs" / RUN)
    assert (stopped.status, stopped.ended_by) == ("stopped", "stop")
    steps = read_log(tmp_path / "cut" / "runs" / RUN / LOGS, CONVERGENCE)["timestep"]
    assert stopped.timesteps == steps[-1] < 6_400
    assert final_hash(tmp_path / "cut", "sb3", "small", 6_400) == expected
    assert read_run(tmp_path / "cut" / "runs" / RUN).attempts[-1].from_step == stopped.timesteps


@pytest.mark.integration
@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("engine", "steps"), [("fused", 500_000), ("sb3", 120_000)])
def test_twenty_random_kills_lose_nothing(tmp_path: Path, engine: str, steps: int) -> None:
    expected = final_hash(tmp_path / "whole", engine, "full", steps)
    done, info = kill_and_resume(tmp_path / "cut", engine, "full", steps, kills=20)
    print(f"\n{engine}, phase4's hyper-parameters, {steps:,} steps\nkill  after s  resumed from  killed at  lost steps")
    kept = info.attempts[-1].from_step
    for number, kill in reversed(list(enumerate(done, start=1))):
        if kill.step is None or kill.resumed_from is None:
            print(f"{number:4d}  {kill.seconds:7.2f}  before the first step")
            continue
        lost = max(0, kill.step - kept)
        print(f"{number:4d}  {kill.seconds:7.2f}  {kill.resumed_from:12,}  {kill.step:9,}  {lost:10,}")
        kept = kill.resumed_from
    print(f"uninterrupted {expected}\nafter 20 kills {info.parameters_sha256}")
    assert info.parameters_sha256 == expected
    _same_rows(tmp_path / "whole" / "runs" / RUN, tmp_path / "cut" / "runs" / RUN)
