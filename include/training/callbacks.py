"""Adapters from the callbacks of stable-baselines3 to ours, one per reason.

A rollout boundary is the moment after a policy update and before the next rollout; stable-baselines3
has no callback of that name, so it is met at the start of the next rollout and at the end of training.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.vec_env import unwrap_vec_normalize

from include.core.errors import DivergedError
from include.core.progress import Progress
from include.training.artifacts import ModelState
from include.training.keeper import Keeper
from include.training.recorder import Episode, Recorder, Update

PROGRESS_EVERY_STEPS = 256


def has_finite_parameters(policy: BasePolicy) -> bool:
    """Return whether no parameter of `policy` is NaN or infinite."""
    return all(bool(tensor.isfinite().all()) for tensor in policy.parameters())


class BoundaryCallback(BaseCallback):
    """Call `on_boundary` once after every policy update."""

    _updates = 0

    def on_boundary(self) -> None:
        """Act on a finished update; `self.update` holds its figures."""

    @property
    def update(self) -> Update:
        """Figures of the update that has just ended."""
        values = self.logger.name_to_value
        return Update(
            timestep=self.num_timesteps,
            policy_loss=float(values["train/policy_gradient_loss"]),
            value_loss=float(values["train/value_loss"]),
            entropy=-float(values["train/entropy_loss"]),
            approx_kl=float(values["train/approx_kl"]),
            clip_fraction=float(values["train/clip_fraction"]),
        )

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self._meet_boundary()

    def _on_training_end(self) -> None:
        self._meet_boundary()

    def _meet_boundary(self) -> None:
        updates = int(self.logger.name_to_value.get("train/n_updates", 0))
        if updates > self._updates:
            self._updates = updates
            self.on_boundary()


class RecordCallback(BoundaryCallback):
    """Record every ended episode and every update.

    The episode reward is summed from the environment's components: what VecNormalize and the reward
    clip hand to the learner would hide an absurd reward.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder
        self._reward = 0.0
        self._length = 0

    def on_boundary(self) -> None:
        """Record the update."""
        self._recorder.update(self.update)

    def _on_step(self) -> bool:
        info = self.locals["infos"][0]
        self._reward += sum(info["reward_components"].values())
        self._length += 1
        if self.locals["dones"][0]:
            rate = float(self.model.policy.optimizer.param_groups[0]["lr"])
            statistics = info["episode_statistics"]
            self._recorder.episode(Episode(self.num_timesteps, self._reward, self._length, statistics, rate))
            self._reward, self._length = 0.0, 0
        return True


class GuardCallback(BoundaryCallback):
    """Stop the training with a clear error at the first NaN or infinity.

    Parameters
    ----------
    features : sequence of str
        Names of the leading columns of an observation; those after them are the account's.
    """

    def __init__(self, features: Sequence[str]) -> None:
        super().__init__()
        self._features = tuple(features)

    def on_boundary(self) -> None:
        """Refuse an update whose figures or parameters are not finite."""
        update = self.update
        figures = {"policy_loss": update.policy_loss, "value_loss": update.value_loss, "entropy": update.entropy}
        broken = [f"`{name}` was {value}" for name, value in figures.items() if not math.isfinite(value)]
        if not has_finite_parameters(self.model.policy):
            broken.append("a parameter was NaN or infinite")
        if broken:
            raise DivergedError(
                f"Losses and parameters must be finite, {', '.join(broken)} at step {self.num_timesteps:,}. "
                "Hint: reduce `learning_rate` (preset diverging)."
            )

    def _on_training_start(self) -> None:
        env = unwrap_vec_normalize(self.training_env)
        if env is not None:
            self._require_finite(np.asarray(env.get_original_obs()), "the first observation")

    def _on_step(self) -> bool:
        self._require_finite(self.locals["new_obs"], "an observation")
        if not np.isfinite(self.locals["rewards"]).all():
            raise DivergedError(
                f"Rewards must be finite, was {self.locals['rewards'][0]} at step {self.num_timesteps:,}."
            )
        return True

    def _require_finite(self, observations: np.ndarray, what: str) -> None:
        if np.isfinite(observations).all():
            return
        column = int(np.flatnonzero(~np.isfinite(observations[0]))[0])
        name = (
            self._features[column]
            if column < len(self._features)
            else f"account feature {column - len(self._features)}"
        )
        raise DivergedError(
            f"Observations must be finite, `{name}` of {what} was {observations[0, column]} at step "
            f"{self.num_timesteps:,}. Hint: check this feature in the dataset."
        )


class KeepCallback(BoundaryCallback):
    """Hand the model to the keeper at every rollout boundary where a checkpoint is due."""

    def __init__(self, keeper: Keeper, state: Callable[[], ModelState]) -> None:
        super().__init__()
        self._keeper = keeper
        self._state = state

    def on_boundary(self) -> None:
        """Keep the model if it is time."""
        if self._keeper.is_due(self.num_timesteps):
            self._keeper.keep(self._state())


class ProgressCallback(BaseCallback):
    """Report the steps done, a few times a second."""

    def __init__(self, progress: Progress, total: int) -> None:
        super().__init__()
        self._progress = progress
        self._total = total

    def _on_step(self) -> bool:
        if self.num_timesteps % PROGRESS_EVERY_STEPS == 0:
            self._report()
        return True

    def _on_training_end(self) -> None:
        self._report()

    def _report(self) -> None:
        self._progress("training", min(self.num_timesteps, self._total), self._total)
