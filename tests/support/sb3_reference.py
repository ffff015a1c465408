"""Stock stable-baselines3 made to take given actions and given minibatches, to compare an engine with."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import ConvertCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import VecNormalize

from include.config.system import TrainingConfig
from include.environments.batch import BatchEnv
from include.training.vec_env import BatchVecEnv


class _Scripted:
    """A policy whose actions are given; values and log-probabilities are its own."""

    script: Iterator[np.ndarray]

    def forward(self, obs: Any, deterministic: bool = False, **masks: Any) -> Any:
        actions = torch.from_numpy(next(self.script))
        values, log_probs, _ = self.evaluate_actions(obs, actions, **masks)
        return actions, values, log_probs


class ScriptedPolicy(_Scripted, ActorCriticPolicy):
    """Of PPO."""


class ScriptedMaskablePolicy(_Scripted, MaskableActorCriticPolicy):
    """Of MaskablePPO."""


def reference(batch: BatchEnv, training: TrainingConfig, **changes: Any) -> PPO | MaskablePPO:
    """Return stock PPO, or MaskablePPO for a masked batch, over `batch` under VecNormalize.

    `changes` are arguments of the algorithm, and `adam_eps`.
    """
    settings: dict[str, Any] = {
        name: getattr(training, name)
        for name in (
            "learning_rate",
            "n_steps",
            "batch_size",
            "n_epochs",
            "gamma",
            "gae_lambda",
            "clip_range",
            "ent_coef",
            "vf_coef",
            "max_grad_norm",
            "target_kl",
        )
    }
    optimizer = {"eps": changes.pop("adam_eps", 1e-5), "weight_decay": training.weight_decay}
    env = VecNormalize(
        BatchVecEnv(batch),
        norm_obs=training.normalize_observations,
        norm_reward=training.normalize_reward,
        gamma=training.gamma,
    )
    algorithm, policy = (MaskablePPO, ScriptedMaskablePolicy) if batch.has_masks else (PPO, ScriptedPolicy)
    model = algorithm(
        policy,
        env,
        policy_kwargs={"net_arch": list(training.net_arch), "optimizer_kwargs": optimizer},
        device="cpu",
        **settings | changes,
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    return model


def set_parameters(model: PPO | MaskablePPO, parameters: dict[str, np.ndarray]) -> None:
    """Give `model` these parameters."""
    model.policy.load_state_dict({name: torch.from_numpy(tensor.copy()) for name, tensor in parameters.items()})


def parameters_of(model: PPO | MaskablePPO) -> dict[str, np.ndarray]:
    """Return the parameters of `model`."""
    return {name: tensor.detach().numpy().copy() for name, tensor in model.policy.state_dict().items()}


def collect(model: PPO | MaskablePPO, actions: np.ndarray) -> None:
    """Collect a rollout from the first observations on, taking `actions` (n, t)."""
    model.policy.script = iter(np.ascontiguousarray(actions.T))
    _, callback = model._setup_learn(actions.size, ConvertCallback(None), False)
    model.collect_rollouts(model.get_env(), callback, model.rollout_buffer, model.n_steps)


def fill(model: PPO | MaskablePPO, rollout: Any) -> None:
    """Give `model` the rollout of the fused engine, (n, t) arrays, instead of one of its own."""
    buffer = model.rollout_buffer
    buffer.reset()
    for name, source in {
        "observations": rollout.observations,
        "actions": rollout.actions[..., None],
        "values": rollout.values,
        "log_probs": rollout.log_probs,
        "advantages": rollout.advantages,
        "returns": rollout.returns,
        **({"action_masks": rollout.allowed} if hasattr(buffer, "action_masks") else {}),
    }.items():
        setattr(buffer, name, np.swapaxes(source, 0, 1).astype(np.float32))
    buffer.full = True


def train(model: PPO | MaskablePPO, seed: int) -> dict[str, float]:
    """Run one stock update whose minibatches `permutations` gives for the same seed; return what it reports."""
    np.random.seed(seed)  # noqa: NPY002 - the buffer of stable-baselines3 draws from it
    model.train()
    return {name.removeprefix("train/"): value for name, value in model.logger.name_to_value.items()}


def permutations(seed: int, epochs: int, samples: int) -> np.ndarray:
    """Return the order of the samples in each epoch of `train`."""
    np.random.seed(seed)  # noqa: NPY002 - the buffer of stable-baselines3 draws from it
    return np.array([np.random.permutation(samples) for _ in range(epochs)])  # noqa: NPY002
