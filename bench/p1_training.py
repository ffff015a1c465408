"""P1: PPO end to end against stock stable-baselines3, against it on FreqAI's environment, and against SBX.

Rollouts and updates together, phase4's own hyper-parameters, 104 inputs. Every round trains every side once, each going
on where it stood; a figure is the median over the rounds of the ratio within one. SBX and FreqAI run in `.venv-bench`.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.figure import Figure
from bench.p1_settings import ROLLOUT, TRAINING, ppo_arguments, rate, system
from bench.p2_environments import market
from bench.peers import interpreter
from include.core.errors import MissingInputError
from include.core.paths import REPOSITORY
from include.core.progress import Progress
from include.environments.make import make_env
from include.features.dataset import Dataset
from include.training.fused.trainer import FusedTrainer

ROUNDS = 7
# rollouts of a round, so that every side takes a second or two
OURS, PEERS = 16, 2
WORKER = Path(__file__).with_name("p1_peers.py")
STOCK = "stable-baselines3"


def measure(progress: Progress) -> Iterator[Figure]:
    """Yield the ratios to stock stable-baselines3, to it on FreqAI's environment, and to SBX."""
    dataset = market()
    with tempfile.TemporaryDirectory() as folder, Peers(Path(folder), dataset) as peers:
        ours = {f"ours{envs}": _Fused(dataset, envs).rate for envs in (1, 8, 64)}
        stock = _Stock(dataset).rate
        sides: dict[str, Callable[[], float]] = {
            **ours, STOCK: stock, **{name: partial(peers.rate, name) for name in peers.names},
        }  # fmt: skip
        for warm_up in sides.values():
            warm_up()
        rates: dict[str, list[float]] = {name: [] for name in sides}
        for done in range(ROUNDS):
            progress("P1", done, ROUNDS)
            for name, side in sides.items():
                rates[name].append(side())
        progress("P1", ROUNDS, ROUNDS)
        names = {STOCK: f"{STOCK} {version(STOCK)}", **peers.names}
    yield from _figures(rates, names)


def _figures(rates: dict[str, list[float]], names: dict[str, str]) -> Iterator[Figure]:
    one = f"{TRAINING.n_steps}/{TRAINING.batch_size}/{TRAINING.n_epochs}, {list(TRAINING.net_arch)}, VecNormalize"
    goals = {
        "P1": ("ours1", STOCK, 12, f"phase4 end to end, one env, {one}: against DummyVecEnv(1), careful Python env"),
        "P1.freqai": ("ours1", "freqai", 25, "the same against stable-baselines3 on FreqAI's environment"),
        "P1.sbx": ("ours64", "sbx64", 2, "64 numba envs on both sides, rollouts of the same 2,048 samples"),
        "P1.sbx8": ("ours8", "sbx8", 2, "8 numba envs on both sides, rollouts of the same 2,048 samples"),
    }
    for identity, (our, peer, target, goal) in goals.items():
        if peer not in rates:
            raise MissingInputError(f"{names.get(peer, peer)} is not in .venv-bench. Hint: `make bench` installs it.")
        yield Figure(
            id=identity,
            goal=goal,
            figure=median(a / b for a, b in zip(rates[our], rates[peer], strict=True)),
            target=target,
            unit="× faster",
            measured={"median": f"{median(rates[our]):,.0f} steps/s"},
            peers={names[peer]: f"{median(rates[peer]):,.0f} steps/s"},
        )


class Peers:
    """The trainings in the peers' interpreter."""

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        series = next(iter(dataset.series.values()))
        self._file = folder / "market.npz"
        np.savez(
            self._file, open=series.open, high=series.high, low=series.low, close=series.close, features=series.features
        )

    def __enter__(self) -> "Peers":
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "JAX_PLATFORMS": "cpu"}
        self._process = subprocess.Popen(
            [str(interpreter()), str(WORKER), str(self._file)],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.names: dict[str, str] = self._ask({"what": "names"})
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def rate(self, name: str) -> float:
        """Return steps per second of the training `name`."""
        return float(self._ask({"what": "rate", "name": name, "steps": PEERS * ROLLOUT}))

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise MissingInputError(f"The peers ended at {request}. Hint: remove .venv-bench and run `make bench`.")
        return json.loads(answer)


class _Fused:
    def __init__(self, dataset: Dataset, envs: int) -> None:
        self._trainer = FusedTrainer(system(envs), dataset)

    def rate(self) -> float:
        return rate(self._train, OURS * ROLLOUT)

    def _train(self) -> None:
        for _ in range(OURS):
            self._trainer.advance()


class _Stock:
    def __init__(self, dataset: Dataset) -> None:
        import torch
        from stable_baselines3 import PPO
        from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

        # two threads are slower for networks of this size
        torch.set_num_threads(1)
        make = partial(make_env, "phase4", dataset, "train", seed=1)
        env = VecNormalize(DummyVecEnv([make]), gamma=TRAINING.gamma)
        self._model = PPO("MlpPolicy", env, **ppo_arguments(1), device="cpu")

    def rate(self) -> float:
        steps = PEERS * ROLLOUT
        return rate(lambda: self._model.learn(steps, reset_num_timesteps=False), steps)
