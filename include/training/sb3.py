"""The reference engine: PPO of stable-baselines3 on one CPU thread, with every value from the system's YAML."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import CallbackList
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from include.config.system import SystemConfig
from include.core.errors import DivergedError, InvalidInputError
from include.core.progress import Progress
from include.core.seeding import derive_seed
from include.environments.make import make_env
from include.features.dataset import Dataset
from include.training.artifacts import Architecture, ModelState
from include.training.callbacks import (
    GuardCallback,
    KeepCallback,
    ProgressCallback,
    RecordCallback,
    has_finite_parameters,
)
from include.training.keeper import Keeper
from include.training.normalizer import Normalizer
from include.training.recorder import Recorder

ENGINE = "sb3"


def train_sb3(
    system: SystemConfig, dataset: Dataset, recorder: Recorder, keeper: Keeper, progress: Progress
) -> ModelState:
    """Train `system` on the train split of `dataset` for `system.training.total_timesteps` steps.

    Parameters
    ----------
    system : SystemConfig
        `system.training` holds steps and seed.
    dataset : Dataset
        Frozen dataset.
    recorder : Recorder
        Takes every ended episode and every update.
    keeper : Keeper
        Takes the model at every rollout boundary where a checkpoint is due.
    progress : callable
        Called with "training", steps done, steps in all.

    Returns
    -------
    ModelState
        At the last rollout boundary.

    Raises
    ------
    DivergedError
        An observation, a reward, a loss or a parameter is NaN or infinite.
    """
    model = build_model(system, dataset)
    callbacks = CallbackList(
        [
            RecordCallback(recorder),
            GuardCallback(dataset.info.features),
            KeepCallback(keeper, partial(model_state, model)),
            ProgressCallback(progress, system.training.total_timesteps),
        ]
    )
    try:
        model.learn(system.training.total_timesteps, callback=callbacks)
    except ValueError as error:
        # torch refuses NaN logits in the middle of an update with a ValueError of its own
        if not has_finite_parameters(model.policy):
            raise DivergedError(
                f"Parameters became NaN or infinite in the update at step {model.num_timesteps:,}. "
                "Hint: reduce `learning_rate` (preset diverging)."
            ) from error
        raise
    return model_state(model)


def build_model(system: SystemConfig, dataset: Dataset) -> PPO:
    """Return stock PPO over one normalised environment, seeded by `system.training.seed`.

    The seeds of python, numpy and torch are set too; torch works on one thread, which is faster than
    two for networks of this size.
    """
    training, seed = system.training, system.training.seed
    torch.set_num_threads(1)
    make = partial(make_env, system, dataset, "train", purpose="training", seed=derive_seed(seed, "environment"))
    env = VecNormalize(
        DummyVecEnv([make]),
        norm_obs=training.normalize_observations,
        norm_reward=training.normalize_reward,
        gamma=training.gamma,
    )
    model = PPO(
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
        policy_kwargs={"net_arch": list(training.net_arch)},
        seed=seed,
        device="cpu",
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    return model


def model_state(model: PPO) -> ModelState:
    """Return the parameters and the normalisation of `model` as they are now."""
    tensors = {name: tensor.detach().numpy().copy() for name, tensor in model.policy.state_dict().items()}
    weights = [
        tensors[name] for name in tensors if name.startswith("mlp_extractor.policy_net") and name.endswith("weight")
    ]
    return ModelState(
        timestep=model.num_timesteps,
        parameters=tensors,
        normalizer=_normalizer(model),
        architecture=Architecture(
            observation_size=int(weights[0].shape[1]),
            hidden=tuple(int(weight.shape[0]) for weight in weights),
            actions=int(tensors["action_net.weight"].shape[0]),
        ),
        save_zip=partial(_save_zip, model),
    )


def _save_zip(model: PPO, target: Path) -> None:
    model.save(target)


def _normalizer(model: PPO) -> Normalizer:
    env = model.get_vec_normalize_env()
    if env is None or not isinstance(env.obs_rms, RunningMeanStd):
        raise InvalidInputError(f"`model` must train on one VecNormalize over plain observations, was {env}.")
    return Normalizer(
        mean=np.array(env.obs_rms.mean, dtype=np.float64),
        variance=np.array(env.obs_rms.var, dtype=np.float64),
        count=float(env.obs_rms.count),
        return_mean=float(env.ret_rms.mean),
        return_variance=float(env.ret_rms.var),
        return_count=float(env.ret_rms.count),
        clip=float(env.clip_obs),
        reward_clip=float(env.clip_reward),
        epsilon=float(env.epsilon),
        gamma=float(env.gamma),
        is_active=bool(env.norm_obs),
    )
