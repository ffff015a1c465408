"""The batch face as a `VecEnv` of stable-baselines3.

Only here, because only `training` may import stable-baselines3; the environments themselves are
`include.environments.batch.BatchEnv`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import Wrapper
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from include.config.system import SystemConfig
from include.core.errors import InvalidInputError
from include.environments.batch import BatchEnv
from include.environments.make import Purpose, make_batch
from include.features.dataset import Dataset, Split


def make_vec_env(
    system: str | SystemConfig,
    n_envs: int,
    dataset: Dataset,
    split: Split = "train",
    *,
    purpose: Purpose | None = None,
    seed: int | None = None,
    symbols: Sequence[str] | None = None,
    deterministic: bool = False,
    episode_length: int | None = None,
    preset: str | None = None,
    is_sampled: bool = False,
    **overrides: Any,
) -> "BatchVecEnv":
    """Return `n_envs` environments of `system` as one `VecEnv`.

    Environment i plays exactly the episodes of ``make_env(system, dataset, split, seed=seed + i)``.

    Parameters
    ----------
    system : str or SystemConfig
        Name of a system ("phase4", "shadow"), or its configuration.
    n_envs : int
        Number of environments.
    dataset : Dataset
        Frozen dataset of the system; its rows are stored once for all environments.
    split : {"train", "validation", "test"}
        Rows to play; the test split needs ``purpose="evaluation"`` or `deterministic`.
    seed : int or None
        Environment i has seed + i.
    purpose, symbols, deterministic, episode_length, preset, is_sampled, **overrides
        As in `include.environments.make.make_batch`.

    Raises
    ------
    InvalidInputError
        As `make_batch`.
    """
    return BatchVecEnv(
        make_batch(
            system,
            dataset,
            split,
            n_envs,
            purpose=purpose,
            seed=seed,
            symbols=symbols,
            deterministic=deterministic,
            episode_length=episode_length,
            preset=preset,
            is_sampled=is_sampled,
            **overrides,
        )
    )


class BatchVecEnv(VecEnv):
    """`BatchEnv` behind the interface of stable-baselines3.

    An info is empty until its episode ends; then it holds `terminal_observation`, `TimeLimit.truncated`, `equity`,
    `symbol`, `episode_statistics`, `reward_components` (of the last step) and `episode_components` (their sums over the
    episode, not clipped).

    Attributes
    ----------
    batch : BatchEnv
        The environments.
    reward_components : float64 (n, c)
        Weighted components of the last step, in the order of `component_names`.
    """

    def __init__(self, batch: BatchEnv) -> None:
        self.batch = batch
        self.component_names = batch.component_names
        self.reward_components = np.zeros((len(batch), len(batch.component_names)))
        self.render_mode = None
        super().__init__(len(batch), batch.observation_space, batch.action_space)

    def reset(self) -> NDArray[np.float32]:
        """Start an episode in every environment, with the seeds and options given since the last reset."""
        observations = self.batch.reset(seeds=self._seeds, options=self._options)
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: NDArray[np.int64]) -> None:
        """Take the actions of the next `step_wait`."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Step every environment; see the class for the infos."""
        observations, rewards, terminated, truncated, self.reward_components = self.batch.step(self._actions)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for end in self.batch.ends:
            infos[end.env] = {
                "terminal_observation": end.observation,
                "TimeLimit.truncated": bool(truncated[end.env]),
                "equity": end.equity,
                "symbol": end.symbol,
                "episode_statistics": end.statistics,
                "reward_components": dict(
                    zip(self.component_names, self.reward_components[end.env].tolist(), strict=True)
                ),
                "episode_components": end.components,
            }
        return observations, rewards, terminated | truncated, infos

    def close(self) -> None:
        """Release nothing: the environments hold no resources but memory."""

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute of the batch, or of this object, once for each environment asked for."""
        holder = self.batch if hasattr(self.batch, attr_name) else self
        return [getattr(holder, attr_name)] * len(list(self._get_indices(indices)))

    # the names of the arguments are those of the interface
    def set_attr(
        self,
        attr_name: str,
        value: Any,  # noqa: ARG002
        indices: VecEnvIndices = None,  # noqa: ARG002
    ) -> None:
        """Refuse: the environments share one memory and have no attributes of their own."""
        raise InvalidInputError(
            f"`{attr_name}` cannot be set on a batch of environments. Hint: make a new one with other settings."
        )

    def env_method(
        self,
        method_name: str,
        *args: Any,  # noqa: ARG002
        indices: VecEnvIndices = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> list[Any]:
        """Return the rows of `action_masks`; refuse the rest: there are no single environments to call."""
        if method_name == "action_masks":
            return list(self.batch.action_masks()[list(self._get_indices(indices))])
        raise InvalidInputError(f"`{method_name}` cannot be called in a batch of environments. Hint: use `make_env`.")

    def env_is_wrapped(
        self,
        wrapper_class: type[Wrapper[Any, Any, Any, Any]],  # noqa: ARG002
        indices: VecEnvIndices = None,
    ) -> list[bool]:
        """Return False for each environment: none is wrapped."""
        return [False] * len(list(self._get_indices(indices)))
