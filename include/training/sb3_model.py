"""Stock PPO of stable-baselines3, and MaskablePPO of sb3-contrib, as one rollout and its update at a time."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from include.config.system import SystemConfig
from include.core.errors import InvalidInputError
from include.core.seeding import derive_seed
from include.environments.batch import BatchEnv
from include.features.dataset import Dataset
from include.training.artifacts import Architecture, ModelState, Parameters
from include.training.normalizer import Normalizer
from include.training.vec_env import BatchVecEnv, make_vec_env


class Stepped(OnPolicyAlgorithm):
    """The body of `learn`, one rollout and its update at a time."""

    def start(self, total_timesteps: int, callback: BaseCallback) -> None:
        """Reset the environments; must be called once before `step`."""
        self._setup_learn(total_timesteps, callback)
        callback.on_training_start({}, {})

    def step(self, callback: BaseCallback) -> None:
        """Collect one rollout and update the policy on it."""
        env = self.get_env()
        if env is None:
            raise InvalidInputError("`env` must be set before `step`, was None.")
        self.collect_rollouts(env, callback, self.rollout_buffer, self.n_steps)
        self._update_current_progress_remaining(self.num_timesteps, self._total_timesteps)
        self.train()

    @property
    def position(self) -> tuple[NDArray[Any], NDArray[Any], int]:
        """Observations and episode starts that the next rollout begins with, and the epochs of all updates so far."""
        return np.array(self._last_obs), np.array(self._last_episode_starts), int(self._n_updates)

    @position.setter
    def position(self, value: tuple[NDArray[Any], NDArray[Any], int]) -> None:
        self._last_obs, self._last_episode_starts, self._n_updates = value

    def set_learning_rate(self, value: float) -> None:
        """Use `value` from the next update on."""
        self.learning_rate = value
        self._setup_lr_schedule()


class SteppedPPO(Stepped, PPO):
    """Stock PPO, driven step by step."""


class SteppedMaskablePPO(Stepped, MaskablePPO):
    """Stock MaskablePPO, driven step by step."""


def build_model(system: SystemConfig, dataset: Dataset, device: str = "cpu") -> Stepped:
    """Return stock PPO over normalised environments, seeded by `system.training.seed`."""
    training = system.training
    seed = derive_seed(training.seed, "environment")
    batch_env = make_vec_env(system, training.n_envs, dataset, "train", purpose="training", seed=seed)
    env = VecNormalize(
        batch_env,
        norm_obs=training.normalize_observations,
        norm_reward=training.normalize_reward,
        gamma=training.gamma,
    )
    model = untrained(system, env, device, is_masked=batch_env.batch.has_masks)
    # the constructor has seeded the environments with the root seed; every engine plays those of the derived one
    env.seed(seed)
    return model


def untrained(system: SystemConfig, env: VecEnv, device: str = "cpu", *, is_masked: bool) -> Stepped:
    """Return stock PPO over `env` with the hyper-parameters and the first parameters of `system.training`.

    The seeds of python, numpy and torch are set too; torch works on one thread, which is faster than
    two for networks of this size.
    """
    training = system.training
    torch.set_num_threads(1)
    kind = SteppedMaskablePPO if is_masked else SteppedPPO
    model = kind(
        "MlpPolicy",
        env,
        learning_rate=training.learning_rate,
        n_steps=training.n_steps,
        batch_size=training.batch_size,
        n_epochs=training.n_epochs,
        gamma=training.gamma,
        gae_lambda=training.gae_lambda,
        clip_range=training.clip_range,
        ent_coef=training.ent_coef,
        vf_coef=training.vf_coef,
        max_grad_norm=training.max_grad_norm,
        target_kl=training.target_kl,
        policy_kwargs={
            "net_arch": list(training.net_arch),
            # 1e-5 is what stable-baselines3 uses itself where no optimizer settings are given
            "optimizer_kwargs": {"eps": 1e-5, "weight_decay": training.weight_decay},
        },
        seed=training.seed,
        device=device,
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    return model


def model_state(model: Stepped) -> ModelState:
    """Return the parameters and the normalisation of `model` as they are now."""
    tensors = parameters_of(model)
    weights = [
        tensors[name] for name in tensors if name.startswith("mlp_extractor.policy_net") and name.endswith("weight")
    ]
    return ModelState(
        timestep=model.num_timesteps,
        parameters=tensors,
        normalizer=normalizer_of(vec_normalize(model)),
        architecture=Architecture(
            observation_size=int(weights[0].shape[1]),
            hidden=tuple(int(weight.shape[0]) for weight in weights),
            actions=int(tensors["action_net.weight"].shape[0]),
        ),
        save_zip=partial(_save_zip, model),
    )


def parameters_of(model: Stepped) -> Parameters:
    """Return a copy of all tensors of the policy, named as stable-baselines3 names them."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in model.policy.state_dict().items()}


def normalizer_of(env: VecNormalize) -> Normalizer:
    """Return the statistics of `env` as they are now."""
    observations = statistics_of(env)
    return Normalizer(
        mean=np.array(observations.mean, dtype=np.float64),
        variance=np.array(observations.var, dtype=np.float64),
        count=float(observations.count),
        return_mean=float(env.ret_rms.mean),
        return_variance=float(env.ret_rms.var),
        return_count=float(env.ret_rms.count),
        clip=float(env.clip_obs),
        reward_clip=float(env.clip_reward),
        epsilon=float(env.epsilon),
        gamma=float(env.gamma),
        is_active=bool(env.norm_obs),
    )


def statistics_of(env: VecNormalize) -> RunningMeanStd:
    """Return the observation statistics of `env`, the very object."""
    if not env.norm_obs:
        # VecNormalize makes no statistics for observations that it passes on unchanged
        return RunningMeanStd(shape=env.observation_space.shape or ())
    if not isinstance(env.obs_rms, RunningMeanStd):
        raise InvalidInputError(f"`env` must normalise plain observations, was {env.observation_space}.")
    return env.obs_rms


def vec_normalize(model: Stepped) -> VecNormalize:
    """Return the normalised environments of `model`."""
    env = model.get_vec_normalize_env()
    if env is None:
        raise InvalidInputError("`model` must train on a VecNormalize, was trained on none.")
    return env


def batch_of(env: VecNormalize) -> BatchEnv:
    """Return the batch face under `env`."""
    if not isinstance(env.venv, BatchVecEnv):
        raise InvalidInputError(f"`env` must wrap the batch face, was {type(env.venv).__name__}.")
    return env.venv.batch


def _save_zip(model: Stepped, target: Path) -> None:
    model.save(target)
