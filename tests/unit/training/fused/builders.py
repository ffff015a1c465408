"""The fused engine and stock stable-baselines3 side by side: same environments, same first parameters."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO

from include.config.system import SystemConfig, with_settings
from include.environments.batch import BatchEnv
from include.environments.make import make_batch
from include.training.fused.layout import Layout
from include.training.fused.learner import Learner
from include.training.fused.player import Player
from tests.support.masked import MASKED
from tests.support.sb3_reference import parameters_of, reference
from tests.unit.training.builders import tiny_dataset, tiny_system

SEED = 5
TOLERANCE = 1e-5


@dataclass
class Pair:
    """One of each, both at step 0."""

    player: Player
    learner: Learner
    stock: PPO | MaskablePPO

    @property
    def first_uniforms(self) -> np.ndarray:
        n, t = self.player.rollout.actions.shape
        return np.random.default_rng(1).random((n, t))


def pair(
    *,
    is_masked: bool = False,
    changes: dict[str, Any] | None = None,
    account: dict[str, float] | None = None,
    **training: Any,
) -> Pair:
    """Return both engines for phase4 with these settings; `changes` are made to stock PPO alone."""
    system = with_settings(
        tiny_system(**training), {f"account.{name}": value for name, value in (account or {}).items()}
    )
    mine, stock = reference_batch(system, is_masked), reference_batch(system, is_masked)
    model = reference(stock, system.training, **changes or {})
    layout = Layout(mine.observation_space.shape[0], system.training.net_arch, int(mine.action_space.n))
    player = Player(mine, layout, system.training)
    player.reset()
    return Pair(player, Learner(layout, system.training, parameters_of(model)), model)


def reference_batch(system: SystemConfig, is_masked: bool) -> BatchEnv:
    """Return the training environments of `system`, masked if asked."""
    batch = make_batch(system, tiny_dataset(), "train", system.training.n_envs, purpose="training", seed=SEED)
    if is_masked:
        batch.face = MASKED
    return batch


def greatest_difference(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> float:
    """Return the greatest absolute difference of two sets of parameters with the same names."""
    assert ours.keys() == theirs.keys()
    return max(float(np.abs(ours[name] - theirs[name]).max()) for name in ours)
