"""What every side of P1 trains with: phase4's own hyper-parameters, in rollouts of one size."""

import gc
import time
from collections.abc import Callable
from typing import Any

from include.config.system import SystemConfig, load_system, with_settings

TRAINING = load_system("phase4").training
ROLLOUT = TRAINING.n_steps * TRAINING.n_envs


def system(envs: int) -> SystemConfig:
    """Return phase4 with `envs` environments that share the samples of one rollout."""
    return with_settings(load_system("phase4"), {"training.n_envs": envs, "training.n_steps": ROLLOUT // envs})


def ppo_arguments(envs: int) -> dict[str, Any]:
    """Return the arguments of a stable-baselines3 PPO, and of SBX's, with `envs` environments."""
    names = (
        "learning_rate", "batch_size", "n_epochs", "gamma", "gae_lambda", "clip_range", "ent_coef", "vf_coef",
        "max_grad_norm",
    )  # fmt: skip
    shared = {name: getattr(TRAINING, name) for name in names}
    nets = {"net_arch": list(TRAINING.net_arch)}
    return shared | {"n_steps": ROLLOUT // envs, "policy_kwargs": nets, "seed": 1}


def rate(train: Callable[[], object], steps: int) -> float:
    """Return the steps per second of `train`, which does `steps` of them.

    Processor seconds, which a busy machine does not stretch; where threads made them more than those on the wall, as
    JAX's may, the latter.
    """
    gc.collect()
    wall, processor = time.perf_counter(), time.process_time()
    train()
    return steps / min(time.perf_counter() - wall, time.process_time() - processor)
