"""The reference engine: stock PPO behind the interface that the loop drives; the algorithms are in `sb3_model.py`."""

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecNormalize

from include.config.system import SystemConfig
from include.features.dataset import Dataset
from include.training import sb3_state
from include.training.artifacts import ModelState
from include.training.engine import Outcome, Snapshot
from include.training.guards import Guard, exploded
from include.training.recorder import Episode, Update
from include.training.sb3_model import batch_of, build_model, model_state, parameters_of, vec_normalize


class Sb3Trainer:
    """PPO of stable-baselines3 over `system.training.n_envs` environments of the batch face.

    Parameters
    ----------
    system : SystemConfig
        Hyper-parameters and seed.
    dataset : Dataset
        Its train split is played.
    device : {"cpu", "cuda"}
        Where the networks live.
    """

    def __init__(self, system: SystemConfig, dataset: Dataset, device: str = "cpu") -> None:
        self._system = system
        self._model = build_model(system, dataset, device)
        self._env = vec_normalize(self._model)
        self._batch = batch_of(self._env)
        self._guard = Guard(system, dataset.info)
        self._watch = _Watch(self._env, self._guard)
        self._model.start(system.training.total_timesteps, self._watch)

    @property
    def timestep(self) -> int:
        """Environment steps done."""
        return self._model.num_timesteps

    def advance(self) -> Outcome:
        """Collect one rollout and update the policy on it; see `engine.Trainer`."""
        self._watch.episodes.clear()
        try:
            self._model.step(self._watch)
        except ValueError as error:
            # torch refuses NaN logits in the middle of an update with a ValueError of its own
            if all(bool(tensor.isfinite().all()) for tensor in self._model.policy.parameters()):
                raise
            raise exploded(self.timestep) from error
        update = self._update()
        self._guard.update(update, parameters_of(self._model))
        return Outcome(self.timestep, tuple(self._watch.episodes), update)

    def adjust(self, *, learning_rate: float | None = None, ent_coef: float | None = None) -> None:
        """Change a coefficient from the next update on; None leaves it."""
        if learning_rate is not None:
            self._model.set_learning_rate(learning_rate)
        if ent_coef is not None:
            self._model.ent_coef = ent_coef

    def model(self) -> ModelState:
        """Return the model as it is now."""
        return model_state(self._model)

    def snapshot(self) -> Snapshot:
        """Return the whole state at this rollout boundary."""
        return sb3_state.snapshot(self._model, self._env, self._batch)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from `snapshot` bit for bit."""
        sb3_state.restore(self._model, self._env, self._batch, snapshot)

    def _update(self) -> Update:
        values = self._model.logger.name_to_value
        return Update(
            timestep=self.timestep,
            policy_loss=float(values["train/policy_gradient_loss"]),
            value_loss=float(values["train/value_loss"]),
            entropy=-float(values["train/entropy_loss"]),
            approx_kl=float(values["train/approx_kl"]),
            clip_fraction=float(values["train/clip_fraction"]),
        )


class _Watch(BaseCallback):
    """Guard every step and collect the episodes that ended in it.

    The episode reward is summed from the environment's components: what VecNormalize and the reward clip hand to
    the learner would hide an absurd reward.
    """

    def __init__(self, env: VecNormalize, guard: Guard) -> None:
        super().__init__()
        self.episodes: list[Episode] = []
        self._env = env
        self._batch = batch_of(env)
        self._guard = guard

    def _on_training_start(self) -> None:
        self._guard.observations(np.asarray(self._env.old_obs), 0)

    def _on_step(self) -> bool:
        self._guard.observations(np.asarray(self._env.old_obs), self.num_timesteps)
        self._guard.rewards(self._env.old_reward, self.num_timesteps)
        for end in self._batch.ends:
            self._guard.observations(end.observation, self.num_timesteps)
            reward, length = sum(end.components.values()), int(end.statistics["steps"] or 0)
            rate = float(self.model.lr_schedule(1.0))
            self.episodes.append(Episode(self.num_timesteps, reward, length, end.statistics, rate))
        return True
