"""Runs in the peers' interpreter: one request a line on stdin, one answer a line on stdout, both JSON.

The first argument is the market for FreqAI's environment, an npz file. Requests: `names`; `rate` (name, steps):
environment steps per second of a training, rollouts and updates together, which goes on where the last one stood.
SBX trains on this project's own batch environment, so that only the training differs; FreqAI's environment is trained
by stable-baselines3, as FreqAI does.
"""

import contextlib
import importlib.metadata
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.p1_settings import TRAINING, ppo_arguments, rate


def freqai(file: str) -> Any:
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import DummyVecEnv

    from bench.p2_peers import freqai as make

    torch.set_num_threads(1)
    market = np.load(file)
    return PPO("MlpPolicy", DummyVecEnv([lambda: make(market)]), **ppo_arguments(1), device="cpu")


def sbx(file: str, count: int) -> Any:
    del file
    from sbx import PPO
    from stable_baselines3.common.vec_env import VecNormalize

    from bench.p2_environments import market
    from include.training.vec_env import make_vec_env

    env = VecNormalize(make_vec_env("phase4", count, market(), "train", seed=1), gamma=TRAINING.gamma)
    return PPO("MlpPolicy", env, **ppo_arguments(count))


PEERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "freqai": ("freqtrade", freqai),
    "sbx8": ("sbx-rl", lambda file: sbx(file, 8)),
    "sbx64": ("sbx-rl", lambda file: sbx(file, 64)),
}


def _trained(model: Any, steps: int) -> float:
    return rate(lambda: model.learn(steps, reset_num_timesteps=False), steps)


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    models = {}
    for name, (_, make) in PEERS.items():
        with contextlib.suppress(ImportError):
            models[name] = make(sys.argv[1])
    versions = {name: f"{PEERS[name][0]} {importlib.metadata.version(PEERS[name][0])}" for name in models}
    for line in sys.stdin:
        request = json.loads(line)
        answer = versions if request["what"] == "names" else _trained(models[request["name"]], request["steps"])
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
