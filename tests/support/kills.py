"""A training in a process of its own that can be killed at any moment, again and again, and resumed each time."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from include.config.settings import Settings
from include.config.system import SystemConfig, load_system
from include.features.dataset import Dataset
from include.training.runs import Attempt, RunInfo, read_run
from include.training.train import train
from tests.support.datasets import dataset_of, martingale

RUN = "killed"
# a checkpoint at every second rollout, so that a good part of all moments lies inside the writing of one
SMALL = {
    "training.n_steps": 64,
    "training.batch_size": 32,
    "training.n_epochs": 2,
    "training.net_arch": [16, 16],
    "training.checkpoint_every_steps": 128,
    "training.n_envs": 2,
    "episode_length": 50,
}


# one kill in so many comes before a step is told: while libraries load, a bundle is read, logs are cut back
STARTUP_EVERY = 3
STEP_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: seconds after the process was ready, the step it had told last, and the step it had gone on from.

    Both are None where it came before the process had begun to train.
    """

    seconds: float
    step: int | None
    resumed_from: int | None


def training_of(engine: str, size: str, steps: int) -> tuple[SystemConfig, Dataset]:
    """Return what is trained: "small" is tiny, "full" has phase4's own hyper-parameters."""
    overrides = {"training.engine": engine, "training.total_timesteps": steps} | (SMALL if size == "small" else {})
    series = [martingale(f"S{i}/USDT:USDT", 1_200, seed=i) for i in range(3)]
    return load_system("phase4", overrides=overrides), dataset_of(*series)


def final_hash(home: Path, engine: str, size: str, steps: int) -> str:
    """Train in this process without an interruption and return the hash of the final parameters."""
    system, dataset = training_of(engine, size, steps)
    summary = train(Settings(PERPETUA_HOME=home), system, dataset, steps=steps, output=RUN)
    assert summary.parameters_sha256 is not None
    return summary.parameters_sha256


def kill_and_resume(home: Path, engine: str, size: str, steps: int, kills: int) -> tuple[list[Kill], RunInfo]:
    """Kill a training `kills` times with SIGKILL at random moments, then let it end.

    Kill k comes a random part of a second after a random step of the k-th of `kills` + 1 equal parts.
    """
    rng = random.Random(f"{engine}{size}{kills}")
    done = []
    for number in range(kills):
        is_early = number % STARTUP_EVERY == STARTUP_EVERY - 1
        target = 0 if is_early else int((number + rng.random()) / (kills + 1) * steps)
        delay = rng.uniform(0.0, 3.0 if is_early else STEP_SECONDS)
        done.append(_kill(home, start(home, engine, size, steps), target, delay))
    process = start(home, engine, size, steps)
    process.communicate()
    assert process.returncode == 0
    return done, read_run(home / "runs" / RUN)


def await_step(process: subprocess.Popen[str], target: int) -> int:
    """Return the first step at or after `target` that the process tells."""
    assert process.stdout is not None
    step = 0
    while step < target:
        line = process.stdout.readline()
        assert line, "the training ended before its time"
        step = int(line)
    return step


def start(home: Path, engine: str, size: str, steps: int) -> subprocess.Popen[str]:
    """Return a process that trains as soon as it can."""
    command = [sys.executable, "-m", "tests.support.kills", str(home), engine, size, str(steps)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _kill(home: Path, process: subprocess.Popen[str], target: int, delay: float) -> Kill:
    started, before = time.monotonic(), len(_attempts(home))
    step = await_step(process, target)
    time.sleep(delay)
    assert process.poll() is None, "the training ended before it was killed"
    os.kill(process.pid, signal.SIGKILL)
    seconds = time.monotonic() - started
    out, _ = process.communicate()
    attempts = _attempts(home)
    if len(attempts) == before:
        return Kill(seconds, None, None)
    resumed = attempts[-1].from_step
    return Kill(seconds, max([step, resumed, *map(int, out.split())]), resumed)


def _attempts(home: Path) -> tuple[Attempt, ...]:
    folder = home / "runs" / RUN
    return read_run(folder).attempts if (folder / "run.json").is_file() else ()


def _main() -> None:
    home, engine, size, steps = sys.argv[1:]
    system, dataset = training_of(engine, size, int(steps))
    # the compiled kernels and the libraries are loaded before the clock of the kill starts
    print("ready", flush=True)
    train(
        Settings(PERPETUA_HOME=Path(home)), system, dataset, steps=int(steps), output=RUN,
        progress=lambda label, done, total: print(done, flush=True),
    )  # fmt: skip


if __name__ == "__main__":
    _main()
